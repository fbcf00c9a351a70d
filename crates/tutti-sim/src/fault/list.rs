//! The list of faults: names, fields with their defaults, and a sentence each.

use serde_json::{Map, Value, json};

use super::{About, Place, field};

macro_rules! faults {
    ($($place:ident $name:ident $kind:literal { $($field:ident: $type:ty = $default:expr),* } $sentence:literal;)*) => {
        /// Something that goes wrong, for a while or once. Times in ms.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fault {
            $(#[doc = $sentence] $name { $($field: $type),* },)*
        }

        impl Fault {
            /// The name by which it is asked for.
            pub fn kind(&self) -> &'static str {
                match self { $(Fault::$name { .. } => $kind,)* }
            }

            pub fn place(&self) -> Place {
                match self { $(Fault::$name { .. } => Place::$place,)* }
            }

            /// All kinds, in the order in which they are listed.
            pub fn all() -> Vec<About> {
                vec![$(About {
                    kind: $kind,
                    place: Place::$place,
                    sentence: $sentence,
                    fields: {
                        let fields: Vec<(String, Value)> = vec![$({
                            let value: $type = $default;
                            (stringify!($field).to_owned(), json!(value))
                        }),*];
                        Value::Object(fields.into_iter().collect())
                    },
                },)*]
            }

            pub(super) fn of_kind(kind: &str, fields: &mut Map<String, Value>) -> Result<Self, String> {
                match kind {
                    $($kind => Ok(Fault::$name { $($field: field::<$type>(kind, fields, stringify!($field), $default)?),* }),)*
                    _ => Err(format!("there is no fault \"{kind}\"; GET /_sim/faults lists them")),
                }
            }
        }
    };
}

faults! {
    Player Stall "stall" { for_ms: u64 = 3_000 }
        "The music stands still and says that it plays, then goes on from there: time is lost.";
    Player Buffering "buffering" { for_ms: u64 = 4_000 }
        "The music stands still while answers count on, then they snap back to where it really is.";
    Player Offline "offline" { for_ms: u64 = 20_000 }
        "All devices of the account vanish and come back paused.";
    Player Gone "gone" { for_ms: u64 = 20_000 }
        "The active device vanishes in the middle of the music; the others stay, none is active until one is chosen, and it comes back paused.";
    Player Asleep "asleep" {}
        "No device is active any more, as after long idling or a restart of the app; a command with a device id still works.";
    Player Unlisted "unlisted" { for_ms: u64 = 60_000 }
        "As asleep, and the list of devices leaves the device out although a command with its id works.";
    Player Ad "ad" { for_ms: u64 = 30_000 }
        "An advertisement plays: no item, progress that runs, commands refused; then the music goes on.";
    Player Unavailable "unavailable" { for_ms: u64 = 600_000, uri: Option<String> = None }
        "A track (the current one unless a uri is given) cannot be played by this account: refused alone, skipped in a list.";
    Player PastEnd "past_end" { for_ms: u64 = 60_000 }
        "The item does not end: progress runs past its length and it says that it plays.";
    Player PhantomJump "phantom_jump" { position_ms: u64 = 62_047, after_ms: u64 = 0 }
        "The session seeks by itself to a constant place, once.";
    Player PhantomAfterSeek "phantom_after_seek" { for_ms: u64 = 60_000, position_ms: u64 = 62_047 }
        "0.7 to 1.4 s after every seek the session seeks by itself to a constant place.";
    Player SeekReverts "seek_reverts" { for_ms: u64 = 60_000 }
        "A seek while paused shows at first and springs back to the old place after a second.";
    Player SeekIgnored "seek_ignored" { for_ms: u64 = 60_000 }
        "The device accepts seeks and does nothing.";
    Player SeekRestarts "seek_restarts" { for_ms: u64 = 60_000 }
        "Every seek by a command starts the item from its beginning.";
    Player SlowCommands "slow_commands" { for_ms: u64 = 60_000, delay_ms: u64 = 3_000 }
        "Commands take effect that much later than usual.";
    Player Reordered "reordered" { for_ms: u64 = 60_000 }
        "A command waits so long that the next one is executed before it.";
    Player LostCommands "lost_commands" { for_ms: u64 = 60_000 }
        "Commands are accepted and never happen.";
    Player Silent "silent" { for_ms: u64 = 30_000 }
        "It says that it plays and nothing sounds.";
    Player NoContent "no_content" { for_ms: u64 = 8_000 }
        "Readings answer 204 while music plays, as with a phone in the foreground.";
    Player EmptyUntilVisible "empty_until_visible" { for_ms: u64 = 60_000 }
        "After a command readings answer 204 until it is visible, instead of the state from before it.";
    Player NullProgress "null_progress" { for_ms: u64 = 8_000 }
        "progress_ms is null while music plays.";
    Player NullItem "null_item" { for_ms: u64 = 8_000 }
        "The item is null and its type unknown while music plays.";
    Player IdleState "idle_state" { for_ms: u64 = 8_000, playing: bool = false }
        "Readings show an idle player (no item, no context, progress 0, timestamp 0), also wrongly as playing.";
    Player WrongFlag "wrong_flag" { polls: u64 = 1 }
        "is_playing is the contrary of the truth in so many readings.";
    Player StaleSnapshot "stale_snapshot" { for_ms: u64 = 60_000, age_ms: u64 = 120_000, percent: u64 = 100 }
        "This share of the readings shows a standing picture of how it was so long ago.";
    Player Repeated "repeated" { for_ms: u64 = 60_000, hold_ms: u64 = 1_000 }
        "Reports are repeated: within so long every reading gets the same progress.";
    Player FrontEnds "front_ends" { for_ms: u64 = 60_000, skew_ms: u64 = 250 }
        "Readings come from two front ends whose clocks differ by so much.";
    Player ProgressZero "progress_zero" { for_ms: u64 = 30_000 }
        "progress_ms stays 0, as with a whole class of devices once.";
    Player ZeroAfterResume "zero_after_resume" { for_ms: u64 = 120_000 }
        "After a resume by a command progress counts from 0 and stays wrong for the rest of the item.";
    Player TimestampStands "timestamp_stands" { for_ms: u64 = 600_000 }
        "timestamp does not change on seeks.";
    Player TimestampOfFetch "timestamp_of_fetch" { for_ms: u64 = 600_000 }
        "timestamp is the time of the reading, as an older description had it.";
    Player PrivateSession "private_session" { for_ms: u64 = 60_000, silent: bool = true }
        "The active device is in a private session; readings then answer 204 unless silent is false.";
    Player Restricted "restricted" { for_ms: u64 = 60_000 }
        "The active device takes no commands: is_restricted, and 403 for every command.";
    Player NullId "null_id" { for_ms: u64 = 60_000 }
        "The active device has no id.";
    Player Jam "jam" { for_ms: u64 = 60_000 }
        "The active device is in a Jam and shows as a device with that word in its name.";
    Player NewWords "new_words" { for_ms: u64 = 60_000 }
        "Answers carry values that no documentation names: a type, a context, a device, an action.";
    Player Redundant500 "redundant_500" { for_ms: u64 = 60_000 }
        "A redundant command (pause when paused) is answered with 500 instead of 403.";
    Player PremiumLost "premium_lost" { for_ms: u64 = 60_000 }
        "The account has no Premium: commands are 403 PREMIUM_REQUIRED.";
    Gateway ServerError "server_error" { status: u16 = 502, count: u64 = 1, executes: bool = false }
        "So many requests are answered with this status; a command may have been executed all the same.";
    Gateway Burst "burst" { for_ms: u64 = 60_000, percent: u64 = 50 }
        "This share of the requests is answered with 500, 502, 503 or 504.";
    Gateway GatewayStall "gateway_stall" { count: u64 = 1, delay_ms: u64 = 35_000 }
        "So many requests hang for that long and end in 504.";
    Gateway SlowAnswer "slow_answer" { for_ms: u64 = 60_000, delay_ms: u64 = 2_000 }
        "Answers take that much longer; they were true when the delay began.";
    Gateway Reset "reset" { count: u64 = 1, executes: bool = false }
        "So many connections are reset without an answer; a command may have been executed all the same.";
    Gateway SlowBody "slow_body" { count: u64 = 1, over_ms: u64 = 5_000 }
        "The head of the answer comes at once and its body in pieces, over that long.";
    Gateway Truncated "truncated" { count: u64 = 1 }
        "So many JSON answers end in the middle.";
    Gateway NotJson "not_json" { count: u64 = 1 }
        "So many answers are 200 with a page of HTML.";
    Gateway AcceptedText "accepted_text" { for_ms: u64 = 60_000 }
        "Every accepted command answers 200 with a short text that is no JSON.";
    Gateway Accepted202 "accepted_202" { for_ms: u64 = 60_000, lost: bool = false }
        "Every accepted command answers 202, as for a device that is not there yet, and may be lost.";
    Gateway RateLimited "rate_limited" { retry_after_s: u64 = 10, header: bool = true, plain: bool = false }
        "The client id is over its limit: 429 with Retry-After (or without), and asking meanwhile makes it longer.";
    Gateway Quota "quota" { retry_after_s: u64 = 21_600 }
        "The developer's quota is used up: 429 QUOTA_EXCEEDED for all client ids of the developer, hours of Retry-After.";
    Gateway NotAllowed "not_allowed" { for_ms: u64 = 60_000 }
        "The user is not on the app's list of users: every call is 403 although the sign-in went well.";
    Gateway OwnerLapsed "owner_lapsed" { for_ms: u64 = 60_000 }
        "The Premium of the app's owner lapsed: every call is 403 with plain text.";
    Gateway TokenExpired "token_expired" {}
        "The account's access tokens run out now; refreshing works.";
    Gateway TokenRevoked "token_revoked" {}
        "The user removes the app from their account: 401 for calls, invalid_grant for refreshing.";
    Gateway TokenAged "token_aged" { days: u64 = 183 }
        "The account's refresh tokens grow that much older; after six months they are invalid_grant.";
    Gateway AccountsDown "accounts_down" { for_ms: u64 = 60_000, status: u16 = 503 }
        "The accounts service answers this status to everybody.";
    Gateway Clear "clear" {}
        "Ends every fault of the account.";
}

impl Fault {
    /// How long it lasts from its beginning, µs; 0 for one that happens once or ends by itself.
    pub fn for_us(&self) -> i64 {
        let for_ms = match self {
            Fault::Stall { for_ms }
            | Fault::Buffering { for_ms }
            | Fault::Offline { for_ms }
            | Fault::Gone { for_ms }
            | Fault::Unlisted { for_ms }
            | Fault::Ad { for_ms }
            | Fault::Unavailable { for_ms, .. }
            | Fault::PastEnd { for_ms }
            | Fault::PhantomAfterSeek { for_ms, .. }
            | Fault::SeekReverts { for_ms }
            | Fault::SeekIgnored { for_ms }
            | Fault::SeekRestarts { for_ms }
            | Fault::SlowCommands { for_ms, .. }
            | Fault::Reordered { for_ms }
            | Fault::LostCommands { for_ms }
            | Fault::Silent { for_ms }
            | Fault::NoContent { for_ms }
            | Fault::EmptyUntilVisible { for_ms }
            | Fault::NullProgress { for_ms }
            | Fault::NullItem { for_ms }
            | Fault::IdleState { for_ms, .. }
            | Fault::StaleSnapshot { for_ms, .. }
            | Fault::Repeated { for_ms, .. }
            | Fault::FrontEnds { for_ms, .. }
            | Fault::ProgressZero { for_ms }
            | Fault::ZeroAfterResume { for_ms }
            | Fault::TimestampStands { for_ms }
            | Fault::TimestampOfFetch { for_ms }
            | Fault::PrivateSession { for_ms, .. }
            | Fault::Restricted { for_ms }
            | Fault::NullId { for_ms }
            | Fault::Jam { for_ms }
            | Fault::NewWords { for_ms }
            | Fault::Redundant500 { for_ms }
            | Fault::PremiumLost { for_ms }
            | Fault::Burst { for_ms, .. }
            | Fault::SlowAnswer { for_ms, .. }
            | Fault::AcceptedText { for_ms }
            | Fault::Accepted202 { for_ms, .. }
            | Fault::NotAllowed { for_ms }
            | Fault::OwnerLapsed { for_ms }
            | Fault::AccountsDown { for_ms, .. } => *for_ms,
            Fault::Asleep {}
            | Fault::PhantomJump { .. }
            | Fault::WrongFlag { .. }
            | Fault::ServerError { .. }
            | Fault::GatewayStall { .. }
            | Fault::Reset { .. }
            | Fault::SlowBody { .. }
            | Fault::Truncated { .. }
            | Fault::NotJson { .. }
            | Fault::RateLimited { .. }
            | Fault::Quota { .. }
            | Fault::TokenExpired {}
            | Fault::TokenRevoked {}
            | Fault::TokenAged { .. }
            | Fault::Clear {} => 0,
        };
        // More than any run lasts, and far from the end of the numbers.
        i64::try_from(for_ms).unwrap_or(i64::MAX).min(10_i64.pow(12)) * 1000
    }
}

//! Devices of an account, their habits, and how each one is heard.

use crate::catalogue::id_of;
use crate::profile::Profile;
use crate::random::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    Smartphone,
    Computer,
    Tv,
    Speaker,
}

impl DeviceKind {
    /// As Spotify spells it.
    pub fn name(self) -> &'static str {
        match self {
            DeviceKind::Smartphone => "Smartphone",
            DeviceKind::Computer => "Computer",
            DeviceKind::Tv => "TV",
            DeviceKind::Speaker => "Speaker",
        }
    }
}

/// In what a device differs from a well-behaved one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Takes no commands of the Web API.
    pub restricted: bool,
    /// In a private session.
    pub private: bool,
    /// Answers show no id.
    pub no_id: bool,
    /// Its volume cannot be set.
    pub no_volume: bool,
    /// Accepts seeks and does nothing.
    pub ignores_seeks: bool,
    /// Not there at the moment.
    pub away: bool,
    /// Plays in a Jam.
    pub jam: bool,
}

impl Quirks {
    pub(super) fn has_volume(self) -> bool {
        !self.no_volume
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// 40 hexadecimal digits, as Spotify's are.
    pub id: String,
    pub name: String,
    pub kind: DeviceKind,
    pub volume_percent: u8,
    /// Reported minus heard position, µs; constant.
    pub audible_offset_us: i64,
    pub quirks: Quirks,
}

/// What an answer says about a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// None where answers show no id.
    pub id: Option<String>,
    pub name: String,
    /// As Spotify spells it; free text.
    pub kind: &'static str,
    /// None where it cannot be set.
    pub volume_percent: Option<u8>,
    pub active: bool,
    pub restricted: bool,
    pub private_session: bool,
}

impl Device {
    /// "Anna's phone" and "Anna's laptop", with offsets as the profile has them.
    pub fn phone_and_laptop(user: &str, profile: Profile, seed: u64) -> Vec<Device> {
        let mut devices = Self::all(user, profile, seed);
        devices.truncate(2);
        devices
    }

    /// Also a TV that ignores seeks, a restricted speaker without volume, a speaker in a Jam, and a player
    /// without an id.
    pub fn all(user: &str, profile: Profile, seed: u64) -> Vec<Device> {
        let mut random = Random::named(seed, &format!("devices of {user}"));
        let owner = display_name(user);
        let plain = Quirks::default();
        [
            (DeviceKind::Smartphone, "phone", 62, plain),
            (DeviceKind::Computer, "laptop", 80, plain),
            (DeviceKind::Tv, "TV", 40, Quirks { ignores_seeks: true, ..plain }),
            (DeviceKind::Speaker, "kitchen radio", 55, Quirks { restricted: true, no_volume: true, ..plain }),
            (DeviceKind::Speaker, "Jam", 70, Quirks { jam: true, ..plain }),
            (DeviceKind::Computer, "browser", 100, Quirks { no_id: true, ..plain }),
        ]
        .into_iter()
        .map(|(kind, noun, volume_percent, quirks)| Device {
            id: device_id(&format!("{user}/{noun}")),
            name: format!("{owner}'s {noun}"),
            kind,
            volume_percent,
            audible_offset_us: profile.audible_offset_us(&mut random),
            quirks,
        })
        .collect()
    }

    /// With the quirks that it has at the moment.
    pub(super) fn view(&self, quirks: Quirks, active: bool) -> DeviceView {
        let name =
            if quirks.jam && !self.name.contains("Jam") { format!("{} (Jam)", self.name) } else { self.name.clone() };
        DeviceView {
            id: (!quirks.no_id).then(|| self.id.clone()),
            name,
            kind: self.kind.name(),
            volume_percent: quirks.has_volume().then_some(self.volume_percent),
            active,
            restricted: quirks.restricted,
            private_session: quirks.private,
        }
    }
}

/// The name people see: the user's name with a capital letter.
pub fn display_name(user: &str) -> String {
    let mut letters = user.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn device_id(name: &str) -> String {
    let hex: String = id_of(name).bytes().map(|byte| format!("{byte:02x}")).collect();
    hex[..40].to_owned()
}

//! Who may enter a room, and who is who: the room's secret, a user's key, and proofs that give nothing away.
//!
//! Both are 128 random bits, from which Ed25519 keys are made. A room is named by the public key of its secret, a user of a
//! room by the public key of theirs, so a hub can check a proof (a signature of its own nonce) while it knows no secret at
//! all: nothing that opens a room or drives an account ever crosses a socket, and whoever takes a hub's place, or its
//! memory, gains nothing. Signatures by <https://www.rfc-editor.org/rfc/rfc8032>.

use core::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// What is signed, and what keys are made for: never the same bytes for two purposes.
const ROOM: &[u8] = b"tutti room 1";
const USER: &[u8] = b"tutti user 1";
const ACCOUNT: &[u8] = b"tutti account 1";

macro_rules! secret {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From 16 random bytes.
            pub const fn new(random: [u8; 16]) -> Self {
                Self(random)
            }

            /// As it stands in a link: 32 hexadecimal digits.
            pub fn reveal(self) -> String {
                hex(&self.0)
            }

            /// From 32 hexadecimal digits; None: it is none.
            pub fn parse(text: &str) -> Option<Self> {
                unhex(text).map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

macro_rules! public {
    ($name:ident, $bytes:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// From random bytes, or those that came with a message.
            pub const fn new(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// From hexadecimal digits, two a byte; None: it is none.
            pub fn parse(text: &str) -> Option<Self> {
                unhex(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}…)"), hex(&self.0[..4]))
            }
        }
    };
}

secret!(RoomSecret, "What an invite carries: whoever has it may enter.");
secret!(
    UserKey,
    "What makes several connections those of one user. It stays in the keychain and in links for own devices."
);
public!(RoomId, 32, "The name of a room: the public key of its secret.");
public!(UserId, 32, "A user as one room knows them: another name in every room.");
public!(Proof, 64, "A signature of a hub's nonce.");
public!(Nonce, 32, "What a hub asks to be signed; never used twice.");
public!(AccountMark, 16, "A hash of an account's id: enough to see that two are the same.");
public!(Token, 16, "What a connection shows to be taken up again where it broke off.");

impl RoomSecret {
    pub fn room(self) -> RoomId {
        RoomId(self.key().verifying_key().to_bytes())
    }

    pub fn prove(self, nonce: Nonce) -> Proof {
        let key = self.key();
        prove(&key, ROOM, nonce, RoomId(key.verifying_key().to_bytes()))
    }

    fn key(self) -> SigningKey {
        SigningKey::from_bytes(&hash(&[ROOM, &self.0]))
    }
}

impl UserKey {
    pub fn user(self, room: RoomId) -> UserId {
        UserId(self.key(room).verifying_key().to_bytes())
    }

    pub fn prove(self, nonce: Nonce, room: RoomId) -> Proof {
        prove(&self.key(room), USER, nonce, room)
    }

    fn key(self, room: RoomId) -> SigningKey {
        SigningKey::from_bytes(&hash(&[USER, &self.0, &room.0]))
    }
}

impl RoomId {
    /// Does whoever made this proof have the room's secret?
    pub fn is_proved(self, nonce: Nonce, proof: Proof) -> bool {
        is_proved(&self.0, ROOM, nonce, self, proof)
    }
}

impl UserId {
    /// Is whoever made this proof that user?
    pub fn is_proved(self, nonce: Nonce, room: RoomId, proof: Proof) -> bool {
        is_proved(&self.0, USER, nonce, room, proof)
    }
}

impl AccountMark {
    /// Of the service's id of an account.
    pub fn of(account: &str) -> Self {
        let hash = hash(&[ACCOUNT, account.as_bytes()]);
        let mut mark = [0; 16];
        mark.copy_from_slice(&hash[..16]);
        Self(mark)
    }
}

/// Nonces and tokens that nobody can guess who does not know the seed; for a hub, which has no randomness of its own.
pub struct Dice {
    seed: [u8; 32],
    thrown: u64,
}

impl Dice {
    /// From 32 random bytes.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed, thrown: 0 }
    }

    pub fn nonce(&mut self) -> Nonce {
        Nonce(self.throw())
    }

    pub fn token(&mut self) -> Token {
        let thrown = self.throw();
        let mut token = [0; 16];
        token.copy_from_slice(&thrown[..16]);
        Token(token)
    }

    /// 1 to 2^20: how much the term rises from one hub of a room to the next. Two hubs that follow the same one, which
    /// neither of them can know, have different terms.
    pub fn rise(&mut self) -> u64 {
        let thrown = self.throw();
        1 + (u64::from(thrown[0]) | u64::from(thrown[1]) << 8 | u64::from(thrown[2] & 15) << 16)
    }

    fn throw(&mut self) -> [u8; 32] {
        self.thrown += 1;
        hash(&[&self.seed, &self.thrown.to_le_bytes()])
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice(…)")
    }
}

fn prove(key: &SigningKey, purpose: &[u8], nonce: Nonce, room: RoomId) -> Proof {
    Proof(key.sign(&[purpose, &nonce.0, &room.0].concat()).to_bytes())
}

fn is_proved(key: &[u8; 32], purpose: &[u8], nonce: Nonce, room: RoomId, proof: Proof) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(key) else { return false };
    key.verify_strict(&[purpose, &nonce.0, &room.0].concat(), &Signature::from_bytes(&proof.0)).is_ok()
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = (digit(0)? * 16 + digit(1)?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SECRET: RoomSecret = RoomSecret::new([7; 16]);
    const KEY: UserKey = UserKey::new([9; 16]);
    const NONCE: Nonce = Nonce::new([1; 32]);

    #[test]
    fn only_who_has_the_rooms_secret_can_prove_it_and_only_for_this_nonce() {
        let room = SECRET.room();

        assert!(room.is_proved(NONCE, SECRET.prove(NONCE)));
        assert!(!room.is_proved(NONCE, RoomSecret::new([8; 16]).prove(NONCE)));
        assert!(!room.is_proved(Nonce::new([2; 32]), SECRET.prove(NONCE)), "a proof that was used before");
    }

    #[test]
    fn a_user_has_another_name_in_every_room_and_proves_one_at_a_time() {
        let (room, other) = (SECRET.room(), RoomSecret::new([8; 16]).room());

        assert_ne!(KEY.user(room), KEY.user(other));
        assert!(KEY.user(room).is_proved(NONCE, room, KEY.prove(NONCE, room)));
        assert!(!KEY.user(room).is_proved(NONCE, room, KEY.prove(NONCE, other)));
        assert!(!UserKey::new([10; 16]).user(room).is_proved(NONCE, room, KEY.prove(NONCE, room)));
    }

    #[test]
    fn a_proof_of_the_secret_is_none_of_a_user_even_with_the_same_bytes() {
        let room = SECRET.room();

        let proof = UserKey::new([7; 16]).prove(NONCE, room);

        assert!(!room.is_proved(NONCE, proof));
    }

    #[test]
    fn what_stands_in_a_link_reads_back_and_anything_else_is_refused() {
        assert_eq!(RoomSecret::parse(&SECRET.reveal()), Some(SECRET));
        for text in ["", "07", "zz070707070707070707070707070707", "0707070707070707070707070707070", "é"] {
            assert_eq!(RoomSecret::parse(text), None, "{text}");
        }
        assert_eq!(RoomId::parse(&SECRET.room().to_string()), Some(SECRET.room()));
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{SECRET:?} {KEY:?}"), "RoomSecret(…) UserKey(…)");
    }

    #[test]
    fn the_dice_never_fall_the_same_way_twice_and_the_same_seed_falls_alike() {
        let (mut one, mut same) = (Dice::new([3; 32]), Dice::new([3; 32]));

        assert_eq!(one.nonce(), same.nonce());
        assert_ne!(one.nonce(), one.nonce());
        assert_ne!(one.token(), one.token());
    }

    #[test]
    fn an_account_is_known_again_by_its_mark() {
        assert_eq!(AccountMark::of("ben"), AccountMark::of("ben"));
        assert_ne!(AccountMark::of("ben"), AccountMark::of("ada"));
    }
}

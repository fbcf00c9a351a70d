//! Devices of an account, and how each one is heard.

use crate::catalogue::id_of;
use crate::profile::Profile;
use crate::random::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    Smartphone,
    Computer,
}

impl DeviceKind {
    /// As Spotify spells it.
    pub fn name(self) -> &'static str {
        match self {
            DeviceKind::Smartphone => "Smartphone",
            DeviceKind::Computer => "Computer",
        }
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
}

/// What an answer says about a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    pub id: String,
    pub name: String,
    pub kind: DeviceKind,
    pub volume_percent: u8,
    pub active: bool,
}

impl Device {
    /// "Anna's phone" and "Anna's laptop", with offsets as the profile has them.
    pub fn phone_and_laptop(user: &str, profile: Profile, seed: u64) -> Vec<Device> {
        let mut random = Random::named(seed, &format!("devices of {user}"));
        let owner = display_name(user);
        [(DeviceKind::Smartphone, "phone", 62), (DeviceKind::Computer, "laptop", 80)]
            .into_iter()
            .map(|(kind, noun, volume_percent)| Device {
                id: device_id(&format!("{user}/{noun}")),
                name: format!("{owner}'s {noun}"),
                kind,
                volume_percent,
                audible_offset_us: profile.audible_offset_us(&mut random),
            })
            .collect()
    }

    pub(super) fn view(&self, active: bool) -> DeviceView {
        DeviceView {
            id: self.id.clone(),
            name: self.name.clone(),
            kind: self.kind,
            volume_percent: self.volume_percent,
            active,
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

//! Words of scenario files that stand for things of the world: who, which item, which market.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use tutti_core::member::{Correction, LeadersAd, PauseByOthers};

use crate::catalogue::{Catalogue, ContextRef, Market};
use crate::exchanges::Link;
use crate::player::Product;
use crate::profile::Profile;
use crate::world::{Who, Workload};

/// Something that is written as one word and known by `FromStr`.
#[derive(Debug, Clone, Copy)]
pub struct Word<T>(pub T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map(Word).map_err(D::Error::custom)
    }
}

pub type ProfileWord = Word<Profile>;
pub type MarketWord = Word<Market>;
pub type LinkWord = Word<Link>;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProductWord {
    Premium,
    Free,
}

impl From<ProductWord> for Product {
    fn from(word: ProductWord) -> Self {
        match word {
            ProductWord::Premium => Self::Premium,
            ProductWord::Free => Self::Free,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CorrectionWord {
    Gentle,
    Normal,
    Tight,
}

impl From<CorrectionWord> for Correction {
    fn from(word: CorrectionWord) -> Self {
        match word {
            CorrectionWord::Gentle => Self::Gentle,
            CorrectionWord::Normal => Self::Normal,
            CorrectionWord::Tight => Self::Tight,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseByOthersWord {
    Everybody,
    OnlyTheirs,
}

impl From<PauseByOthersWord> for PauseByOthers {
    fn from(word: PauseByOthersWord) -> Self {
        match word {
            PauseByOthersWord::Everybody => Self::Everybody,
            PauseByOthersWord::OnlyTheirs => Self::OnlyTheirs,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdWord {
    GoOn,
    Wait,
}

impl From<AdWord> for LeadersAd {
    fn from(word: AdWord) -> Self {
        match word {
            AdWord::GoOn => Self::GoOn,
            AdWord::Wait => Self::Wait,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadWord {
    #[default]
    Quiet,
    Demo,
    Standard,
    Calm,
    Pairs,
}

impl From<WorkloadWord> for Workload {
    fn from(word: WorkloadWord) -> Self {
        match word {
            WorkloadWord::Quiet => Self::Quiet,
            WorkloadWord::Demo => Self::Demo,
            WorkloadWord::Standard => Self::STANDARD,
            WorkloadWord::Calm => Self::CALM,
            WorkloadWord::Pairs => Self::Pairs,
        }
    }
}

/// A device of every account, by what it is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceWord {
    Phone,
    Laptop,
    Tv,
    Radio,
    Jam,
    Browser,
}

impl DeviceWord {
    /// How its name ends.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Laptop => "laptop",
            Self::Tv => "TV",
            Self::Radio => "kitchen radio",
            Self::Jam => "Jam",
            Self::Browser => "browser",
        }
    }
}

/// A member's place, or everybody, leader, follower.
#[derive(Debug, Clone, Copy)]
pub struct WhoWord(pub Who);

impl<'de> Deserialize<'de> for WhoWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = WhoWord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's number from 0, \"everybody\", \"leader\" or \"follower\"")
            }

            fn visit_i64<E: Error>(self, place: i64) -> Result<WhoWord, E> {
                let place = usize::try_from(place).map_err(|_| E::custom(format!("there is no member {place}")))?;
                Ok(WhoWord(Who::Member(place)))
            }

            fn visit_u64<E: Error>(self, place: u64) -> Result<WhoWord, E> {
                self.visit_i64(i64::try_from(place).unwrap_or(-1))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<WhoWord, E> {
                match word {
                    "everybody" => Ok(WhoWord(Who::Everybody)),
                    "leader" => Ok(WhoWord(Who::Leader)),
                    "follower" => Ok(WhoWord(Who::Follower)),
                    _ => {
                        Err(E::custom(format!("there is no member \"{word}\": a number, everybody, leader, follower")))
                    }
                }
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// "album 3", "playlist 0", "show 0".
pub fn context(catalogue: &Catalogue, words: &str) -> Option<ContextRef> {
    let (kind, number) = words.split_once(' ')?;
    let number: usize = number.parse().ok()?;
    match kind {
        "album" => (number < catalogue.albums().len()).then_some(ContextRef::Album(number)),
        "playlist" => (number < catalogue.playlists().len()).then_some(ContextRef::Playlist(number)),
        "show" => (number < catalogue.shows().len()).then_some(ContextRef::Show(number)),
        _ => None,
    }
}

/// "album 3 item 0": the URI of an item in one of those, and that of the album, playlist or show.
pub fn item(catalogue: &Catalogue, words: &str) -> Option<(String, String)> {
    let (list, number) = words.split_once(" item ")?;
    let context = context(catalogue, list)?;
    let item = *catalogue.context_items(context).get(number.parse::<usize>().ok()?)?;
    Some((catalogue.item(item).uri.clone(), catalogue.context_uri(context).to_owned()))
}

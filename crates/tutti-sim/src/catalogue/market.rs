//! Countries: the same recording may have another id elsewhere, or not be there at all.

use std::fmt;
use std::str::FromStr;

use super::{Catalogue, ItemKind, ItemRef, id_of};

/// The country of an account. In Germany every track has the id under which the catalogue knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Market {
    #[default]
    De,
    /// Every third track has another id.
    Gb,
    /// Other tracks have another id, and some are not available.
    Us,
}

impl Market {
    pub const ALL: [Market; 3] = [Market::De, Market::Gb, Market::Us];

    /// The market of the account at this place in the list when accounts live in so many markets.
    pub fn of_account(place: usize, markets: usize) -> Self {
        Market::ALL.get(place % markets.max(1)).copied().unwrap_or_default()
    }

    /// As Spotify writes it: two capital letters.
    pub fn code(self) -> &'static str {
        match self {
            Market::De => "DE",
            Market::Gb => "GB",
            Market::Us => "US",
        }
    }
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// There is no market with this code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no market \"{0}\"; there are: DE, GB, US")]
pub struct UnknownMarket(pub String);

impl FromStr for Market {
    type Err = UnknownMarket;

    fn from_str(code: &str) -> Result<Self, UnknownMarket> {
        let found = Market::ALL.into_iter().find(|market| market.code().eq_ignore_ascii_case(code));
        found.ok_or_else(|| UnknownMarket(code.to_owned()))
    }
}

impl Catalogue {
    /// The id under which a market knows this track, when it is another one than the catalogue's.
    pub fn relinked_id(&self, item: ItemRef, market: Market) -> Option<String> {
        let relinked = match market {
            Market::De => false,
            Market::Gb => item.index() % 3 == 1,
            Market::Us => item.index() % 4 == 2,
        };
        let track = self.item(item).kind == ItemKind::Track;
        (relinked && track).then(|| id_of(&format!("{} in {market}", self.item(item).id)))
    }

    /// The URI that answers for an account of this market show.
    pub fn uri_in(&self, item: ItemRef, market: Market) -> String {
        match self.relinked_id(item, market) {
            Some(id) => format!("spotify:track:{id}"),
            None => self.item(item).uri.clone(),
        }
    }

    /// May this item be played there?
    pub fn is_available(&self, item: ItemRef, market: Market) -> bool {
        market != Market::Us || self.item(item).kind != ItemKind::Track || item.index() % 19 != 8
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_has_other_ids_elsewhere_and_every_one_leads_to_it() {
        let catalogue = Catalogue::new();
        for market in Market::ALL {
            assert_eq!(market.code().parse::<Market>().unwrap(), market);
            for item in catalogue.refs() {
                assert_eq!(catalogue.find(&catalogue.uri_in(item, market)), Some(item));
            }
        }
        let count = |market| catalogue.refs().filter(|&item| catalogue.relinked_id(item, market).is_some()).count();
        assert_eq!(count(Market::De), 0);
        assert!(count(Market::Gb) >= 15 && count(Market::Us) >= 12);
        let gaps = catalogue.refs().filter(|&item| !catalogue.is_available(item, Market::Us)).count();
        assert!((2..8).contains(&gaps), "{gaps}");
    }
}

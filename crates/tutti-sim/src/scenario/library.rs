//! The scenarios that come with the program: the files of `scenarios/`, by name.

macro_rules! scenarios {
    ($($name:literal)*) => {
        /// Their names and texts, in the order of their names.
        const ALL: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../../scenarios/", $name, ".toml")))),*];
    };
}

scenarios! {
    "calm"
    "drifting-clocks"
    "hostile"
    "lan"
    "mobile"
    "network"
    "sleep-and-wake"
    "stall"
    "standard"
    "takeover"
    "twelve"
}

pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}

pub fn text(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

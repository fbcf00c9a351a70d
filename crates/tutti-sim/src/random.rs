//! Seeded random numbers that repeat byte for byte on every platform.

/// A small generator (splitmix64). Cheap to create, so every player, device and link owns one and
/// what one of them draws never shifts what another one draws.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator for something named, independent of how much was drawn from this one.
    pub fn named(seed: u64, name: &str) -> Self {
        // FNV-1a: spreads names; strength does not matter here.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut random = Self::new(seed ^ hash);
        random.state = random.next_u64();
        random
    }

    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in [low, high); `low` when the range is empty.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low).max(0.0) * self.unit()
    }

    /// Uniform in 0 … count − 1; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        if count == 0 {
            return 0;
        }
        (self.next_u64() % count as u64) as usize
    }

    /// Puts the items into a random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Normal with mean 0 and standard deviation 1 (Box-Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(2.0 * std::f64::consts::PI * self.unit())
    }

    /// Lognormal: `sigma` is the standard deviation of the logarithm.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// Triangular on [low, high] with this mode.
    pub fn triangular(&mut self, low: f64, mode: f64, high: f64) -> f64 {
        let (unit, width) = (self.unit(), high - low);
        if width <= 0.0 {
            return low;
        }
        if unit < (mode - low) / width {
            low + libm::sqrt(unit * width * (mode - low))
        } else {
            high - libm::sqrt((1.0 - unit) * width * (high - mode))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_name_draw_the_same_numbers() {
        let (mut one, mut two) = (Random::named(7, "anna"), Random::named(7, "anna"));
        let mut other = Random::named(7, "ben");
        let drawn: Vec<u64> = (0..8).map(|_| one.next_u64()).collect();
        assert!(drawn.iter().all(|&number| number == two.next_u64()));
        assert_ne!(drawn[0], other.next_u64());
    }

    #[test]
    fn a_lognormal_has_its_median_and_its_spread() {
        let mut random = Random::new(1);
        let mut drawn: Vec<f64> = (0..20_001).map(|_| random.lognormal(250.0, 0.25)).collect();
        drawn.sort_by(f64::total_cmp);
        assert!((drawn[10_000] - 250.0).abs() < 3.0, "median {}", drawn[10_000]);
        // p95 of a lognormal is median × e^(1.645 σ) = 377.
        assert!((drawn[19_000] - 377.0).abs() < 8.0, "p95 {}", drawn[19_000]);
    }

    #[test]
    fn a_triangular_stays_in_its_range_and_leans_to_its_mode() {
        let mut random = Random::new(2);
        let drawn: Vec<f64> = (0..10_000).map(|_| random.triangular(0.0, 265.0, 1000.0)).collect();
        assert!(drawn.iter().all(|value| (0.0..=1000.0).contains(value)));
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        assert!((mean - 421.7).abs() < 10.0, "mean {mean}");
    }
}

//! Address ranges that the operator allows callbacks to name beside public ones.

use std::net::IpAddr;

/// A list of ranges in CIDR notation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(IpAddr, u8)>);

impl Ranges {
    /// Reads `127.0.0.0/8`, `::1/128` or a bare address. A text that is neither is left out with a
    /// warning: leaving a range out refuses more, never less. The configuration check names it first.
    pub fn parse(texts: &[String]) -> Self {
        let read = |text: &String| {
            let range = parse_one(text);
            if range.is_none() {
                tracing::warn!(range = text, "not an address range; callbacks to it stay refused");
            }
            range
        };
        Self(texts.iter().filter_map(read).collect())
    }

    /// Whether one of them holds `address`. An IPv4 address inside IPv6 is judged as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(base, bits)| holds(*base, *bits, address))
    }
}

fn parse_one(text: &str) -> Option<(IpAddr, u8)> {
    let (base, bits) = match text.split_once('/') {
        Some((base, bits)) => (base.trim().parse::<IpAddr>().ok()?, Some(bits.trim().parse::<u8>().ok()?)),
        None => (text.trim().parse::<IpAddr>().ok()?, None),
    };
    let width = if base.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(width);
    (bits <= width).then_some((base, bits))
}

fn holds(base: IpAddr, bits: u8, address: IpAddr) -> bool {
    let same = |a: u128, b: u128, width: u32| {
        let drop = width - u32::from(bits).min(width);
        a.checked_shr(drop).unwrap_or(0) == b.checked_shr(drop).unwrap_or(0)
    };
    match (base, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(texts: &[&str]) -> Ranges {
        Ranges::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_range_holds_its_addresses_and_no_other() {
        let loopback = ranges(&["127.0.0.0/8", "::1/128", "10.1.2.3", "junk", "1.2.3.4/33"]);
        for (text, held) in [
            ("127.0.0.1", true),
            ("127.255.0.1", true),
            ("128.0.0.1", false),
            ("::1", true),
            ("::2", false),
            ("::ffff:127.0.0.1", true),
            ("10.1.2.3", true),
            ("10.1.2.4", false),
            ("1.2.3.4", false),
        ] {
            assert_eq!(loopback.contains(text.parse().expect("is an address")), held, "{text}");
        }
        assert!(ranges(&["0.0.0.0/0"]).contains("9.9.9.9".parse().expect("is an address")));
    }
}

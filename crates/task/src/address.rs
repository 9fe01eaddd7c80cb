//! Which addresses are public, and which others an operator allows: the one place that knows.
//!
//! Source: IANA's special-purpose address registries for IPv4 and IPv6, and the clouds' documented
//! metadata addresses. An IPv6 address that carries an IPv4 one is judged by what it carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not public: first address and prefix length.
const SPECIAL_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // carrier-grade NAT; one cloud's metadata
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // Azure's host agent
    ([169, 254, 0, 0], 16),   // link-local; most clouds' metadata
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; one cloud's metadata
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 31, 196, 0], 24),  // AS112
    ([192, 52, 193, 0], 24),  // AMT
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([192, 175, 48, 0], 24),  // AS112
    ([198, 18, 0, 0], 15),    // benchmarking
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

/// Blocks within IPv6's global unicast space (2000::/3) that are not public. All outside of it is not.
const SPECIAL_V6: &[([u16; 8], u32)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments: Teredo, ORCHID, benchmarking
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// Bits before the IPv4 address in an IPv6 one that maps it (`::ffff:0:0/96`).
const MAPPED_PREFIX_BITS: u32 = 96;

/// Whether an address belongs to the public internet. Anything special is not, allowed or not.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4
        .iter()
        .any(|(block, bits)| shares_prefix(wide(Ipv4Addr::from(*block)), wide(address), bits + MAPPED_PREFIX_BITS))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let global = shares_prefix(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0).to_bits(), bits, 3);
    match carried_v4(address) {
        Some(carried) => is_public_v4(carried),
        None => {
            global
                && !SPECIAL_V6
                    .iter()
                    .any(|(block, length)| shares_prefix(Ipv6Addr::from(*block).to_bits(), bits, *length))
        }
    }
}

/// The IPv4 address that a translated, mapped or tunnelled one carries: `::ffff:0:0/96`, NAT64's
/// `64:ff9b::/96`, 6to4's `2002::/16`, and ISATAP interface ids under any prefix.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, _, e, f, g, h] = address.segments();
    let of = |high: u16, low: u16| Some(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => of(g, h),
        [0x2002, ..] => of(b, c),
        // Link-local prefixes and the like stay refused by their prefix.
        _ if f == 0x5efe && matches!(e, 0 | 0x0200) && (0x2000..0x4000).contains(&a) => of(g, h),
        _ => None,
    }
}

fn wide(address: Ipv4Addr) -> u128 {
    address.to_ipv6_mapped().to_bits()
}

/// Whether two addresses agree in their first `length` bits of 128.
fn shares_prefix(one: u128, other: u128, length: u32) -> bool {
    (one ^ other).checked_shr(128 - length.min(128)).unwrap_or(0) == 0
}

/// A text is no address range; the message says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no address range: write 10.0.0.0/8, fd00::/8 or a bare address")]
pub struct NotARange {
    /// The text.
    pub text: String,
}

/// Address ranges that the operator allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressRanges(Vec<(u128, u32)>);

impl AddressRanges {
    /// Reads ranges such as `10.0.0.0/8`, `::1/128` or a bare address. Bits beyond the prefix are ignored.
    pub fn parse(texts: &[String]) -> Result<Self, NotARange> {
        texts
            .iter()
            .map(|text| parse_range(text).ok_or_else(|| NotARange { text: text.clone() }))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether one of them holds `address`. An IPv4 address that is mapped into IPv6 is judged as IPv4,
    /// and no range of IPv6 holds it: who allows `::/0` has not thought of `127.0.0.1`.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = bits_of(address);
        let least = if address.to_canonical().is_ipv4() { MAPPED_PREFIX_BITS } else { 0 };
        self.0.iter().any(|(base, length)| *length >= least && shares_prefix(*base, bits, *length))
    }

    /// Whether such an address may be dialled: it is public, or one of the ranges holds it.
    pub fn admits(&self, address: IpAddr) -> bool {
        is_public(address) || self.contains(address)
    }
}

fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => wide(v4),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn parse_range(text: &str) -> Option<(u128, u32)> {
    let (base, length) = text.trim().split_once('/').map_or((text.trim(), None), |(base, length)| (base, Some(length)));
    let base: IpAddr = base.parse().ok()?;
    let width = if base.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(width), |length| length.parse::<u32>().ok().filter(|length| *length <= width))?;
    Some((bits_of(base), length + 128 - width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().expect("is an address"))
    }

    #[test]
    fn every_special_block_is_refused_at_both_ends_and_its_neighbours_are_not_all() {
        for (block, length) in SPECIAL_V4 {
            let first = Ipv4Addr::from(*block).to_bits();
            let last = first | u32::MAX.checked_shr(*length).unwrap_or(0);
            for bits in [first, first + (last - first) / 2, last] {
                assert!(!is_public(IpAddr::V4(Ipv4Addr::from_bits(bits))), "{}", Ipv4Addr::from_bits(bits));
            }
        }
        for (block, length) in SPECIAL_V6 {
            let first = Ipv6Addr::from(*block).to_bits();
            let last = first | u128::MAX.checked_shr(*length).unwrap_or(0);
            for bits in [first, first + (last - first) / 2, last] {
                assert!(!is_public(IpAddr::V6(Ipv6Addr::from_bits(bits))), "{}", Ipv6Addr::from_bits(bits));
            }
        }
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "2001:db9::1",
            "2a00::1",
            "3ffe:ffff::1",
        ] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn ipv6_outside_of_global_unicast_is_refused() {
        for text in [
            "::",
            "::1",
            "::2",
            "::7f00:1",
            "::8.8.8.8",
            "100::1",
            "64:ff9b:1::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "1fff::1",
            "4000::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "3fff:fff::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn an_address_that_carries_another_is_judged_by_it() {
        let carriers = |v4: &str| {
            let bits = v4.parse::<Ipv4Addr>().expect("is an address").to_bits();
            let (high, low) = ((bits >> 16) & 0xffff, bits & 0xffff);
            [
                format!("::ffff:{v4}"),
                format!("64:ff9b::{v4}"),
                format!("2002:{high:x}:{low:x}::1"),
                format!("2606:4700::5efe:{v4}"),
                format!("2606:4700::200:5efe:{v4}"),
            ]
        };
        for v4 in
            ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0", "255.255.255.255"]
        {
            for text in carriers(v4) {
                assert!(!public(&text), "{text}");
            }
        }
        for text in carriers("8.8.8.8") {
            assert!(public(&text), "{text}");
        }
        assert!(!public("fe80::5efe:8.8.8.8"), "a link-local prefix stays link-local");
    }

    #[test]
    fn ranges_are_read_and_hold_their_addresses() {
        let parse =
            |texts: &[&str]| AddressRanges::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let ranges = parse(&["10.0.0.0/8", "127.0.0.1", " ::1/128 ", "fd00:1::/32"]).expect("are ranges");
        for (text, held) in [
            ("10.255.0.1", true),
            ("11.0.0.0", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("128.0.0.1", false),
            ("::ffff:10.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("::1", true),
            ("::2", false),
            ("fd00:1:2::3", true),
            ("fd00:2::", false),
        ] {
            assert_eq!(ranges.contains(text.parse().expect("is an address")), held, "{text}");
        }
        assert!(ranges.admits("8.8.8.8".parse().expect("is an address")));
        assert!(!ranges.admits("192.168.0.1".parse().expect("is an address")));
        assert!(parse(&["0.0.0.0/0"]).expect("is a range").contains("192.168.0.1".parse().expect("is an address")));
        assert!(!parse(&["0.0.0.0/0"]).expect("is a range").contains("fd00::1".parse().expect("is an address")));
        let ipv6 = parse(&["::/0", "::ffff:10.0.0.0/104"]).expect("are ranges");
        for (text, held) in [("fd00::1", true), ("127.0.0.1", false), ("::ffff:127.0.0.1", false), ("10.0.0.1", true)] {
            assert_eq!(ipv6.contains(text.parse().expect("is an address")), held, "{text}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "host", "1.2.3.4/8/9"] {
            let refused = parse(&["10.0.0.0/8", text]).expect_err(text);
            assert_eq!(refused, NotARange { text: text.to_owned() });
            assert!(refused.to_string().contains("write 10.0.0.0/8"), "{refused}");
        }
    }
}

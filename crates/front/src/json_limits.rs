//! How deep and how wide a JSON body may be, told from its bytes before anything is built from it.

/// The deepest nesting.
pub const JSON_MAX_DEPTH: usize = 64;

/// The most values (members and items) in one body. A value costs some tens of bytes once built.
pub const JSON_MAX_NODES: usize = 100_000;

/// Why a body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooComplex {
    /// Nested too deep.
    #[error("the JSON body is nested deeper than {JSON_MAX_DEPTH} levels")]
    Deep,
    /// Too many values.
    #[error("the JSON body holds more than {JSON_MAX_NODES} values")]
    Wide,
}

/// Counts brackets and commas outside strings. Text that is no JSON passes: the parser refuses it.
pub fn check(bytes: &[u8]) -> Result<(), TooComplex> {
    let (mut depth, mut nodes) = (0usize, 1usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                nodes += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => nodes += 1,
            _ => {}
        }
        if depth > JSON_MAX_DEPTH {
            return Err(TooComplex::Deep);
        }
        if nodes > JSON_MAX_NODES {
            return Err(TooComplex::Wide);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_and_width_are_counted_outside_strings() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check(nested(JSON_MAX_DEPTH).as_bytes()), Ok(()));
        assert_eq!(check(nested(JSON_MAX_DEPTH + 1).as_bytes()), Err(TooComplex::Deep));
        let text = format!("{{\"a\":\"{}\\\"{}\"}}", "[".repeat(100), ",".repeat(JSON_MAX_NODES));
        assert_eq!(check(text.as_bytes()), Ok(()));
        let wide = format!("[1{}]", ",1".repeat(JSON_MAX_NODES));
        assert_eq!(check(wide.as_bytes()), Err(TooComplex::Wide));
    }
}

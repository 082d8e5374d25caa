//! Lower-case hexadecimal, without a table and without a branch on a digit, so that the compiler
//! works on many digits at once.
//!
//! Both digits of a byte lie side by side in a `u16`, the first in the low half. No step carries
//! from one half into the other.

/// Whether this is a lower-case hexadecimal digit.
pub(super) const fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Exactly `2 * N` lower-case digits into `N` bytes. Faults are gathered instead of branched on.
#[inline]
pub(super) fn decode<const N: usize>(hex: &[u8]) -> Option<[u8; N]> {
    if hex.len() != N * 2 {
        return None;
    }
    let mut raw = [0; N];
    let mut fault = 0;
    for (byte, pair) in raw.iter_mut().zip(hex.as_chunks::<2>().0) {
        let text = u16::from_le_bytes(*pair);
        // Letters have bit 6, and their low half counts from 1.
        let values = (text & 0x0f0f) + ((text >> 6) & 0x0101) * 9;
        // What else has such a low half is not what these values are written as, or is no nibble.
        fault |= digits(values) ^ text;
        fault |= values & 0xf0f0;
        *byte = ((values << 4) | (values >> 8)).to_le_bytes()[0];
    }
    (fault == 0).then_some(raw)
}

/// Writes two digits for each byte; `hex` is twice as long as `raw`.
#[inline]
pub(super) fn encode(raw: &[u8], hex: &mut [u8]) {
    for (pair, byte) in hex.as_chunks_mut::<2>().0.iter_mut().zip(raw) {
        *pair = digits(u16::from_le_bytes([byte >> 4, byte & 15])).to_le_bytes();
    }
}

/// The digits of two nibbles.
#[inline]
const fn digits(values: u16) -> u16 {
    let letters = ((values + 0x0606) >> 4) & 0x0101;
    values + 0x3030 + letters * (0x61 - 0x3a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_bytes_is_read_like_by_the_standard_library() {
        for high in 0..=u8::MAX {
            for low in 0..=u8::MAX {
                let expected = (is_digit(high) && is_digit(low)).then(|| {
                    let text = [high, low];
                    u8::from_str_radix(std::str::from_utf8(&text).unwrap(), 16).unwrap()
                });
                assert_eq!(decode::<1>(&[high, low]), expected.map(|byte| [byte]));
                // A fault is not lost on the way, nor made up for by another.
                let zero = decode::<2>(&[high, low, b'0', b'0']);
                assert_eq!(zero, expected.map(|byte| [byte, 0]));
                let twice = decode::<2>(&[high, low, high, low]);
                assert_eq!(twice, expected.map(|byte| [byte, byte]));
            }
        }
    }

    #[test]
    fn every_byte_is_written_like_by_the_standard_library() {
        for byte in 0..=u8::MAX {
            let mut hex = [0; 2];
            encode(&[byte], &mut hex);
            assert_eq!(std::str::from_utf8(&hex).unwrap(), format!("{byte:02x}"));
        }
    }

    #[test]
    fn the_number_of_digits_is_exact() {
        for length in [0, 1, 3, 5, 6] {
            assert_eq!(decode::<2>(&b"012345"[..length]), None);
        }
    }
}

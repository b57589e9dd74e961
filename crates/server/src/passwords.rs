//! What may be a new password. Any letters in any mixture: only what others would guess first is refused.

use crate::accounts::{MAX_PASSWORD, MIN_PASSWORD};

/// The 5,000 most frequent of all leaked passwords of at least eight characters, most frequent first, as `zxcvbn` 4.5.0 (MIT)
/// counted them.
const COMMON: &str = include_str!("common_passwords.txt");

/// Words that stand for this system, here and in both its languages.
const OURS: [&str; 6] = ["sotay", "so tay", "matkhau", "mat khau", "password", "vietnam"];

/// Shorter words about a person stand by chance in many passwords.
const SHORTEST_WORD: usize = 3;

/// Why a password may not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It has too few characters.
    #[error("the password has fewer than {MIN_PASSWORD} characters")]
    TooShort,
    /// It has too many bytes.
    #[error("the password has more than {MAX_PASSWORD} bytes")]
    TooLong,
    /// It is one of those that everybody tries first.
    #[error("the password is one of the most common ones")]
    Common,
    /// It is made of words about the person or this system, and little else.
    #[error("the password is little more than a name")]
    Name,
}

impl WeakPassword {
    /// Stable, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "short_password",
            Self::TooLong => "long_password",
            Self::Common => "common_password",
            Self::Name => "name_password",
        }
    }
}

/// Whether a password may be set by somebody whose names and units are given.
///
/// With what is known of them taken out, as many characters must be left as a password needs.
pub fn check(password: &str, about: &[&str]) -> Result<(), WeakPassword> {
    if password.chars().count() < MIN_PASSWORD {
        return Err(WeakPassword::TooShort);
    }
    if password.len() > MAX_PASSWORD {
        return Err(WeakPassword::TooLong);
    }
    let folded = report::fold(password);
    if COMMON.lines().any(|common| common == folded) {
        return Err(WeakPassword::Common);
    }
    let mut words: Vec<String> = about
        .iter()
        .flat_map(|text| {
            let folded = report::fold(text);
            let parts = folded.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
            parts.collect::<Vec<_>>()
        })
        .filter(|word| word.chars().count() >= SHORTEST_WORD)
        .chain(OURS.map(str::to_owned))
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let left = words.iter().fold(folded.clone(), |left, word| left.replace(word.as_str(), ""));
    if left != folded && left.chars().count() < MIN_PASSWORD {
        return Err(WeakPassword::Name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_would_guess_first_is_refused_and_nothing_else() {
        let about = ["canbo.lan", "Nguyễn Thị Lan", "dn_p_long_khanh"];
        let long = "x".repeat(MAX_PASSWORD + 1);
        for (password, why) in [
            ("bảy chữ", WeakPassword::TooShort),
            (long.as_str(), WeakPassword::TooLong),
            ("12345678", WeakPassword::Common),
            ("ANHYEUEM", WeakPassword::Common),
            ("p@ssw0rd", WeakPassword::Common),
            ("nguyenlan1990", WeakPassword::Name),
            ("Long Khánh 2024", WeakPassword::Name),
            ("sotay12345", WeakPassword::Name),
            ("Mật khẩu 1", WeakPassword::Name),
        ] {
            assert_eq!(check(password, &about), Err(why), "{password}");
        }
        for password in [
            "con mèo trên mái",
            "aaaaaaaaaaab",
            "!!!!!!!!!!",
            "planetarium9",
            "        x",
            "0903 111 222",
        ] {
            assert_eq!(check(password, &about), Ok(()), "{password}");
        }
        assert_eq!(check("nguyenlan1990", &[]), Ok(()), "nobody's name");
    }

    #[test]
    fn the_list_is_of_passwords_that_could_be_set_otherwise() {
        assert_eq!(COMMON.lines().count(), 5_000);
        for common in COMMON.lines() {
            assert!(common.chars().count() >= MIN_PASSWORD, "{common}");
            assert_eq!(report::fold(common), common, "or it would never be found");
        }
    }
}

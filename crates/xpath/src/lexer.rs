//! From text to tokens, with the rule of XPath 1.0 (§3.7) that tells the operator `div` from the name `div`.

use crate::{
    ast::Operator,
    error::{ParseError, ParseErrorKind},
    number,
};

/// A token and the byte where it starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Token<'t> {
    pub(crate) offset: usize,
    pub(crate) sign: Sign<'t>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sign<'t> {
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    DotDot,
    At,
    Dollar,
    ColonColon,
    Slash,
    SlashSlash,
    /// `*` where a name may stand.
    Star,
    /// `prefix:*`
    PrefixStar(&'t str),
    Operator(Operator),
    /// Prefix ("" if none) and local part.
    Name(&'t str, &'t str),
    Number(f64),
    Literal(&'t str),
}

/// All tokens of a text.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ParseError> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::with_capacity(text.len() / 4 + 4) };
    while let Some(token) = lexer.next()? {
        lexer.tokens.push(token);
    }
    Ok(lexer.tokens)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token<'t>>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The text until the first character that does not fit; the lexer moves behind it.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn next(&mut self) -> Result<Option<Token<'t>>, ParseError> {
        // Spreadsheets bring no-break spaces along: any white space separates.
        self.take(char::is_whitespace);
        let offset = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let second_is_digit = self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let sign = match first {
            '"' | '\'' => self.literal(first)?,
            '0'..='9' => self.number(),
            '.' if second_is_digit => self.number(),
            _ if is_name_start(first) => self.word(),
            _ => self.symbol(first)?,
        };
        Ok(Some(Token { offset, sign }))
    }

    fn literal(&mut self, quote: char) -> Result<Sign<'t>, ParseError> {
        let offset = self.at;
        self.at += 1;
        let text = self.take(|c| c != quote);
        if self.eat(quote.encode_utf8(&mut [0; 4])) {
            Ok(Sign::Literal(text))
        } else {
            Err(ParseError { offset, kind: ParseErrorKind::OpenQuote })
        }
    }

    fn number(&mut self) -> Sign<'t> {
        let start = self.at;
        self.take(|c| c.is_ascii_digit());
        if self.eat(".") {
            self.take(|c| c.is_ascii_digit());
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        Sign::Number(number::parse(digits).unwrap_or(f64::NAN))
    }

    fn word(&mut self) -> Sign<'t> {
        if self.operand_is_complete() {
            // No name can stand here, so that `1and1` and `6andpath` are the operator and what follows.
            for operator in [Operator::Or, Operator::And, Operator::Divide, Operator::Modulo] {
                if self.eat(operator.symbol()) {
                    return Sign::Operator(operator);
                }
            }
        }
        let first = self.take(is_name_character);
        let rest = self.rest();
        if rest.starts_with(":*") {
            self.at += 2;
            return Sign::PrefixStar(first);
        }
        let has_local = rest
            .strip_prefix(':')
            .and_then(|local| local.chars().next())
            .is_some_and(is_name_start);
        if !has_local {
            return Sign::Name("", first);
        }
        self.at += 1;
        let local = self.take(is_name_character);
        Sign::Name(first, local)
    }

    fn symbol(&mut self, first: char) -> Result<Sign<'t>, ParseError> {
        let offset = self.at;
        if first == '*' {
            self.at += 1;
            return Ok(if self.operand_is_complete() {
                Sign::Operator(Operator::Multiply)
            } else {
                Sign::Star
            });
        }
        for (text, sign) in SYMBOLS {
            if self.eat(text) {
                return Ok(*sign);
            }
        }
        Err(ParseError { offset, kind: ParseErrorKind::Unexpected(first.into()) })
    }

    /// Whether the tokens so far end an operand, so that an operator must follow.
    fn operand_is_complete(&self) -> bool {
        self.tokens.last().is_some_and(|token| {
            !matches!(
                token.sign,
                Sign::At
                    | Sign::ColonColon
                    | Sign::Open
                    | Sign::OpenBracket
                    | Sign::Comma
                    | Sign::Slash
                    | Sign::SlashSlash
                    | Sign::Dollar
                    | Sign::Operator(_)
            )
        })
    }
}

/// Longer symbols before their beginnings.
const SYMBOLS: &[(&str, Sign<'static>)] = &[
    ("(", Sign::Open),
    (")", Sign::Close),
    ("[", Sign::OpenBracket),
    ("]", Sign::CloseBracket),
    (",", Sign::Comma),
    ("..", Sign::DotDot),
    (".", Sign::Dot),
    ("@", Sign::At),
    ("$", Sign::Dollar),
    ("::", Sign::ColonColon),
    ("//", Sign::SlashSlash),
    ("/", Sign::Slash),
    ("|", Sign::Operator(Operator::Union)),
    ("+", Sign::Operator(Operator::Add)),
    ("-", Sign::Operator(Operator::Subtract)),
    ("=", Sign::Operator(Operator::Equal)),
    ("!=", Sign::Operator(Operator::NotEqual)),
    ("<=", Sign::Operator(Operator::LessOrEqual)),
    ("<", Sign::Operator(Operator::Less)),
    (">=", Sign::Operator(Operator::GreaterOrEqual)),
    (">", Sign::Operator(Operator::Greater)),
];

/// What may begin a name in XML.
fn is_name_start(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
        && !character.is_whitespace()
}

/// What may follow in a name: accents written as characters of their own among them.
fn is_name_character(character: char) -> bool {
    is_name_start(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

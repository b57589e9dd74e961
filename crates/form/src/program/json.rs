//! As much of JSON as `GeoJSON` needs, numbers kept as written.

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    /// A number, `true` or `false`, as written.
    Word(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

const MAX_DEPTH: usize = 64;

pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut parser = Parser { text: text.trim_start_matches('\u{feff}'), at: 0 };
    let value = parser.value(0)?;
    parser.blanks();
    if parser.peek().is_some() { Err(parser.unexpected()) } else { Ok(value) }
}

impl Json {
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    pub(super) fn members(&self) -> &[(String, Json)] {
        if let Json::Object(members) = self { members } else { &[] }
    }

    pub(super) fn items(&self) -> Option<&[Json]> {
        if let Json::Array(items) = self { Some(items) } else { None }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Json::Word(text) | Json::Text(text) => text.clone(),
            Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, c: char) -> bool {
        self.blanks();
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn unexpected(&self) -> String {
        format!("unexpected {:?} at {}", self.peek(), self.at)
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.take(c) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > MAX_DEPTH {
            return Err("nested too deeply".to_owned());
        }
        self.blanks();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => Ok(Json::Text(self.string()?)),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.expect('{')?;
        let mut members = Vec::new();
        if self.take('}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            let name = self.string()?;
            self.expect(':')?;
            members.push((name, self.value(depth + 1)?));
            if !self.take(',') {
                self.expect('}')?;
                return Ok(Json::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        self.expect('[')?;
        let mut items = Vec::new();
        if self.take(']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.take(',') {
                self.expect(']')?;
                return Ok(Json::Array(items));
            }
        }
    }

    fn word(&mut self) -> Result<Json, String> {
        let rest = self.rest();
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let word = rest.split(|c| !plain(c)).next().unwrap_or_default().to_owned();
        if word.is_empty() {
            return Err(self.unexpected());
        }
        self.at += word.len();
        Ok(if word == "null" { Json::Null } else { Json::Word(word) })
    }

    fn string(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut text = String::new();
        let mut high = None;
        loop {
            let c = self.peek().ok_or("a string does not end")?;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' => {
                    let escape = self.peek().ok_or("a string does not end")?;
                    self.at += escape.len_utf8();
                    match escape {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        'r' => text.push('\r'),
                        'b' => text.push('\u{8}'),
                        'f' => text.push('\u{c}'),
                        'u' => self.unicode(&mut text, &mut high)?,
                        other => text.push(other),
                    }
                }
                other => text.push(other),
            }
        }
    }

    fn unicode(&mut self, text: &mut String, high: &mut Option<u32>) -> Result<(), String> {
        let digits = self.rest().get(..4).ok_or("a \\u without four digits")?;
        let unit = u32::from_str_radix(digits, 16).map_err(|e| e.to_string())?;
        self.at += 4;
        if (0xd800..0xdc00).contains(&unit) {
            *high = Some(unit);
            return Ok(());
        }
        let code = match high.take() {
            Some(high) if (0xdc00..0xe000).contains(&unit) => {
                0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00)
            }
            _ => unit,
        };
        text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
        Ok(())
    }
}

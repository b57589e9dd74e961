//! Input that means harm: deep, long, endless.

use proptest::prelude::*;
use xpath::{EvalError, Expr, NoHost, ParseErrorKind};

use crate::tree::{text_of, text_within};

#[test]
fn deep_nesting_is_refused_and_long_chains_are_not() {
    for (open, close) in [("(", ")"), ("-", ""), ("not(", ")"), ("a[", "]"), ("a[b[", "]]")] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let error = Expr::parse(&text).expect_err("too deep");
        assert_eq!(error.kind, ParseErrorKind::TooDeep, "{open}");
    }
    let sum = vec!["1"; 50_000].join(" + ");
    assert_eq!(text_of("<a/>", &sum, &NoHost).as_deref(), Ok("50000"));
    let nested = format!("{}1{}", "if(true(), ".repeat(150), ", 0)".repeat(150));
    assert_eq!(text_of("<a/>", &nested, &NoHost).as_deref(), Ok("1"));
}

#[test]
fn work_without_end_ends_with_an_error() {
    let xml = format!("<a>{}</a>", "<b/>".repeat(3_000));
    let expression = "count(//b[count(//b[count(//b) > 0]) > 0])";
    assert_eq!(text_within(100_000, &xml, expression, &NoHost), Err(EvalError::OutOfBudget));
}

#[test]
fn texts_do_not_grow_without_bound() {
    let xml = format!("<a>{}</a>", "<b>0123456789</b>".repeat(1_000));
    let mut expression = "join('', //b)".to_owned();
    for _ in 0..3 {
        expression = format!("concat({})", vec![expression; 9].join(", "));
    }
    let result = text_of(&xml, &expression, &NoHost);
    assert!(matches!(result, Err(EvalError::TooLarge | EvalError::OutOfBudget)), "{result:?}");
}

#[test]
fn what_a_text_costs_is_charged() {
    let [text, other] = ["a", "b"].map(|letter| letter.repeat(1 << 20));
    let xml = format!("<a><t>{text}</t><u>{other}</u>{}</a>", "<b/>".repeat(2_000));
    let of = |expression: &str| text_of(&xml, expression, &NoHost);
    assert_eq!(of("string-length(translate(/a/t, /a/u, 'x'))").as_deref(), Ok("1048576"));
    assert_eq!(of("regex(/a/t, '(a{0,5000})b')"), Err(EvalError::OutOfBudget));
    assert_eq!(of("regex('0912345678', '^0[0-9]{9}$')").as_deref(), Ok("true"));
    assert_eq!(of("count(//b[contains(/a/t, 'b')])"), Err(EvalError::OutOfBudget));
}

#[test]
fn translate_changes_by_the_first_place() {
    for (expression, expected) in [
        ("translate('abcab', 'ab', 'x')", "xcx"),
        ("translate('abc', 'aba', 'xyz')", "xyc"),
        ("translate('Ấ-b', '-Ấ', ' A')", "A b"),
        ("translate('abc', '', 'xyz')", "abc"),
    ] {
        assert_eq!(text_of("<a/>", expression, &NoHost).as_deref(), Ok(expected), "{expression}");
    }
}

#[test]
fn errors_point_at_the_place() {
    for (text, offset, kind) in [
        ("", 0, ParseErrorKind::End),
        ("1 +", 3, ParseErrorKind::End),
        ("a = 'x", 4, ParseErrorKind::OpenQuote),
        ("a == b", 3, ParseErrorKind::Unexpected("=".into())),
        ("đường/ab::c", 10, ParseErrorKind::UnknownAxis("ab".into())),
        ("5 % 5", 2, ParseErrorKind::Unexpected("%".into())),
        ("f(1,)", 4, ParseErrorKind::Unexpected(")".into())),
        ("1 1", 2, ParseErrorKind::Unexpected("1".into())),
    ] {
        let error = Expr::parse(text).expect_err(text);
        assert_eq!((error.offset, error.kind), (offset, kind), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        drop(Expr::parse(&text));
    }

    #[test]
    fn no_soup_of_tokens_makes_the_engine_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "[", "]", "/", "//", "..", ".", "@", "*", "a", "b", "n", "1", "-1", "2.5", "'x'", "'2024-02-30'",
                "'0 0;1 1'", "+", "-", "=", "!=", "<", "|", "and", "or", "div", "mod", ",", "count(", "substr(", "substring(",
                "round(", "date(", "format-date(", "selected-at(", "indexed-repeat(", "randomize(", "uuid(", "regex(", "area(",
                "distance(", "pow(", "int(", "string(", "position(", "ancestor::", "preceding::", "following::", "self::node()",
                "1 div 0", "-1 div 0", "1e9", "99999999999999999999",
            ]),
            0..14,
        )
    ) {
        let text = words.join(" ");
        if Expr::parse(&text).is_ok() {
            drop(text_of("<a k='1'><b>2024-01-01</b><b>1 2;3 4</b><n/></a>", &text, &NoHost));
        }
    }

    #[test]
    fn no_number_makes_a_function_panic(
        function in prop::sample::select(vec![
            "round(X, Y)", "substr('abc', X, Y)", "substring('abc', X, Y)", "selected-at('a b', X)", "date(X)",
            "format-date(X, '%Y-%m-%d %a %b')", "format-date-time(X, '%H:%M:%S.%3')", "decimal-date-time(X)", "string(X)",
            "pow(X, Y)", "uuid(X)", "randomize(/a/b, X)", "/a/b[X]", "X mod Y", "int(X)", "checklist(X, Y, 1)",
            "indexed-repeat(/a/b, /a, X)", "date(X) + Y", "string(date(X))",
        ]),
        x in any::<f64>(),
        y in any::<f64>(),
    ) {
        let number = |value: f64| if value.is_finite() { format!("({value})") } else { "(0 div 0)".to_owned() };
        let text = function.replace('X', &number(x)).replace('Y', &number(y));
        drop(text_of("<a><b/><b/></a>", &text, &NoHost));
    }
}

//! A syntax tree written down reads as the same tree.

use proptest::prelude::*;
use xpath::{
    Expr, Function,
    ast::{Axis, Call, Expression, Name, Operator, Path, Start, Step, Test},
};

#[test]
fn texts_come_back_in_one_spelling() {
    for (text, written) in [
        ("1+2*3", "1 + 2 * 3"),
        ("(1+2)*3", "(1 + 2) * 3"),
        ("1-(2-3)", "1 - (2 - 3)"),
        ("a//b", "a/descendant-or-self::node()/b"),
        ("//b", "/descendant-or-self::node()/b"),
        ("child::a/attribute::b", "a/@b"),
        ("self::node()/parent::node()/x", "./../x"),
        (
            "instance('c')/root/item[name=current()/../x]",
            "instance('c')/root/item[name = current()/../x]",
        ),
        ("--1", "--1"),
        ("(/)+1", "(/) + 1"),
        ("\"it's\"", "\"it's\""),
        ("(a|b)[1]/c", "(a | b)[1]/c"),
        (".55", "0.55"),
    ] {
        let expr = Expr::parse(text).expect(text);
        assert_eq!(expr.to_string(), written);
        assert_eq!(Expr::parse(written).expect(written), expr);
    }
}

fn name() -> impl Strategy<Value = Name> {
    let word = "[a-zđ_][a-z0-9_.-]{0,4}";
    (prop::option::of("[a-z]{1,3}"), word).prop_map(|(prefix, local)| Name {
        prefix: prefix.unwrap_or_default().into(),
        local: local.as_str().into(),
    })
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        4 => name().prop_map(Test::Name),
        1 => Just(Test::Any),
        1 => Just(Test::Node),
        1 => Just(Test::Text),
        1 => Just(Test::Comment),
        1 => "[a-z]{1,3}".prop_map(|prefix| Test::AnyIn(prefix.into())),
        1 => prop::option::of("[a-z]{1,3}").prop_map(|target| Test::Instruction(target.map(Into::into))),
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    prop::sample::select(vec![
        Axis::Child,
        Axis::Child,
        Axis::Attribute,
        Axis::Parent,
        Axis::SelfNode,
        Axis::Ancestor,
        Axis::DescendantOrSelf,
        Axis::Following,
        Axis::Namespace,
        Axis::PrecedingSibling,
    ])
}

fn operator() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Or,
        Operator::And,
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::GreaterOrEqual,
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Modulo,
    ])
}

/// As the parser builds it: a chain takes in a left operand of the same precedence.
fn joined(left: Expression, operator: Operator, right: Expression) -> Expression {
    match left {
        Expression::Chain { first, mut rest }
            if rest[0].0.precedence() == operator.precedence() =>
        {
            rest.push((operator, right));
            Expression::Chain { first, rest }
        }
        left => Expression::Chain { first: Box::new(left), rest: vec![(operator, right)] },
    }
}

fn call(name: Name, arguments: Vec<Expression>) -> Expression {
    let function = Function::from_name(&name.to_string());
    Expression::Call(Call { name, function, arguments })
}

fn path(start: Start, steps: Vec<Step>) -> Expression {
    Expression::Path(Path { id: 0, start, steps })
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        (0u32..1_000_000).prop_map(|n| Expression::Number(f64::from(n) / 64.0)),
        "[a-zđ \"]{0,5}".prop_map(|text| Expression::Literal(text.into())),
        "[a-z ']{0,5}".prop_map(|text| Expression::Literal(text.into())),
        name().prop_map(Expression::Variable),
        Just(path(Start::Root, Vec::new())),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let predicates = prop::collection::vec(inner.clone(), 0..2);
        let step = (axis(), test(), predicates.clone()).prop_map(|(axis, test, predicates)| Step {
            axis,
            test,
            predicates,
        });
        let steps = prop::collection::vec(step, 1..4).boxed();
        let function = name().prop_filter("a node type", |name| {
            !["node", "text", "comment"].contains(&&*name.local)
        });
        prop_oneof![
            inner.clone().prop_map(|inner| Expression::Negate(Box::new(inner))),
            (inner.clone(), operator(), inner.clone()).prop_map(|(a, o, b)| joined(a, o, b)),
            (function, prop::collection::vec(inner.clone(), 0..3)).prop_map(|(n, a)| call(n, a)),
            steps.clone().prop_map(|steps| path(Start::Context, steps)),
            steps.clone().prop_map(|steps| path(Start::Root, steps)),
            (inner, predicates, steps).prop_map(|(expression, predicates, steps)| {
                path(Start::Expression { expression: Box::new(expression), predicates }, steps)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_tree_written_and_read_is_the_same_tree(tree in expression()) {
        let expr = Expr::from_ast(tree);
        let text = expr.to_string();
        let read = Expr::parse(&text);
        prop_assert_eq!(read.as_ref().ok(), Some(&expr), "{}: {:?}", text, read.as_ref().err());
    }
}

//! A definition written as XML and read again is the same definition: random forms, with what XML has to escape.

use form::definition::{
    Action, ActionKind, Attribute, Bind, BodyNode, Control, ControlKind, Element, Form, Group,
    Item, Itemset, Label, Repeat, Secondary, SetValue, Source, Submission, TextPart, TextValue,
    Translated, Translation,
};
use form::{parse_xform, write_xform};
use proptest::prelude::*;

/// Text as an attribute or an element can hold it: a reader of XML makes one line break of all kinds, and text in
/// labels has no blanks at its ends.
fn text() -> impl Strategy<Value = String> {
    "[a-zăđếồ<>&\"'\\]]([a-z \u{e0}-\u{ff}<>&\"'0-9/=\\]\\[]{0,12}[a-z<>&\"'])?"
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_.-]{0,6}"
}

fn maybe<T: Strategy>(strategy: T) -> impl Strategy<Value = Option<T::Value>> {
    prop::option::weighted(0.4, strategy)
}

fn parts() -> impl Strategy<Value = Vec<TextPart>> {
    // Two literals side by side would be one.
    (maybe(text()), maybe(text()), maybe(text())).prop_map(|(before, output, after)| {
        let mut parts: Vec<TextPart> = before.into_iter().map(TextPart::Literal).collect();
        if let Some(output) = output {
            parts.push(TextPart::Output(output));
            parts.extend(after.map(TextPart::Literal));
        }
        parts
    })
}

fn label() -> impl Strategy<Value = Label> {
    (maybe(text()), parts()).prop_map(|(reference, parts)| Label { reference, parts })
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let names =
        prop::sample::subsequence(vec!["rows", "orx:max-pixels", "odk:quality", "mediatype"], 0..3);
    (names, text())
        .prop_map(|(names, value)| names.into_iter().map(|n| Attribute::new(n, &value)).collect())
}

fn element() -> impl Strategy<Value = Element> {
    let leaf = (name(), maybe(text())).prop_map(|(name, text)| match text {
        Some(text) => Element::text(name, text),
        None => Element::new(name),
    });
    leaf.prop_recursive(4, 20, 4, |inner| {
        (name(), prop::collection::vec(inner, 1..4), maybe(text())).prop_map(
            |(name, children, kind)| {
                let attributes =
                    kind.into_iter().map(|kind| Attribute::new("kind", kind)).collect();
                Element { name, attributes, text: String::new(), children }
            },
        )
    })
}

fn bind() -> impl Strategy<Value = Bind> {
    let expressions = prop::collection::vec(maybe(text()), 10);
    (text(), expressions, attributes()).prop_map(|(nodeset, mut texts, attributes)| {
        let mut next = || texts.pop().flatten();
        Bind {
            nodeset,
            data_type: next(),
            relevant: next(),
            required: next(),
            readonly: next(),
            constraint: next(),
            calculate: next(),
            required_message: next(),
            constraint_message: next(),
            preload: next(),
            preload_params: next(),
            attributes,
        }
    })
}

fn action() -> impl Strategy<Value = Action> {
    let kind = prop_oneof![
        text().prop_map(|value| ActionKind::SetValue(SetValue::Expression(value))),
        text().prop_map(|value| ActionKind::SetValue(SetValue::Text(value))),
        Just(ActionKind::SetGeopoint),
        Just(ActionKind::RecordAudio),
    ];
    (kind, prop::collection::vec(name(), 1..3), text()).prop_map(|(kind, events, reference)| {
        Action { kind, events, reference, attributes: Vec::new() }
    })
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(action(), 0..2)
}

fn control() -> impl Strategy<Value = Control> {
    let kinds = [
        ControlKind::Input,
        ControlKind::Secret,
        ControlKind::Select1,
        ControlKind::Select,
        ControlKind::Upload,
        ControlKind::Trigger,
        ControlKind::Range,
        ControlKind::Rank,
    ];
    let item = || (text(), label()).prop_map(|(value, label)| Item { value, label });
    let itemset = (text(), text(), text()).prop_map(|(nodeset, value, label)| Itemset {
        nodeset,
        value,
        label,
    });
    (
        (prop::sample::select(kinds.to_vec()), text(), maybe(label()), maybe(label())),
        (
            prop::collection::vec(item(), 0..3),
            prop::collection::vec(item(), 0..3),
            maybe(itemset),
            maybe(text()),
            attributes(),
            actions(),
        ),
    )
        .prop_map(
            |(
                (kind, reference, label, hint),
                (items, tags, itemset, appearance, attributes, actions),
            )| {
                Control {
                    kind,
                    reference,
                    label,
                    hint,
                    items,
                    tags,
                    itemset,
                    appearance,
                    attributes,
                    actions,
                }
            },
        )
}

fn body() -> impl Strategy<Value = BodyNode> {
    control().prop_map(BodyNode::Control).prop_recursive(3, 12, 3, |inner| {
        let children = prop::collection::vec(inner, 0..4);
        let shared = (maybe(label()), maybe(text()), children, actions()).boxed();
        prop_oneof![
            (maybe(text()), maybe(label()), shared.clone()).prop_map(
                |(reference, hint, shared)| {
                    let (label, appearance, children, actions) = shared;
                    let attributes = Vec::new();
                    BodyNode::Group(Group {
                        reference,
                        label,
                        hint,
                        appearance,
                        attributes,
                        children,
                        actions,
                    })
                }
            ),
            (text(), maybe(text()), any::<bool>(), shared).prop_map(
                |(nodeset, count, fixed, shared)| {
                    let (label, appearance, children, actions) = shared;
                    let (no_add_remove, attributes) = (fixed, Vec::new());
                    BodyNode::Repeat(Repeat {
                        nodeset,
                        count,
                        no_add_remove,
                        label,
                        appearance,
                        attributes,
                        children,
                        actions,
                    })
                }
            ),
        ]
    })
}

fn translation() -> impl Strategy<Value = Translation> {
    let value = (maybe(name()), parts()).prop_map(|(form, parts)| TextValue { form, parts });
    let text = (text(), prop::collection::vec(value, 0..3))
        .prop_map(|(id, values)| Translated { id, values });
    (text_of_language(), any::<bool>(), prop::collection::vec(text, 0..3))
        .prop_map(|(language, is_default, texts)| Translation { language, is_default, texts })
}

fn text_of_language() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["Tiếng Việt (vi)", "en", "a \"b\" & <c>"]).prop_map(str::to_owned)
}

fn secondary() -> impl Strategy<Value = Secondary> {
    let source = prop_oneof![
        element().prop_map(Source::Internal),
        text().prop_map(|name| Source::External(format!("jr://file/{name}"))),
    ];
    (text(), source).prop_map(|(id, source)| Secondary { id, source })
}

fn form() -> impl Strategy<Value = Form> {
    (
        (
            text(),
            element(),
            prop::collection::vec(secondary(), 0..3),
            prop::collection::vec(bind(), 0..5),
        ),
        (
            prop::collection::vec(translation(), 0..3),
            actions(),
            prop::collection::vec(body(), 0..4),
            maybe(text()),
        ),
        maybe(text()),
    )
        .prop_map(
            |((title, primary, secondary, binds), (itext, actions, body, body_class), method)| {
                let submission = method.map(|method| Submission {
                    attributes: vec![Attribute::new("method", method)],
                });
                let (namespaces, model_attributes) = (Vec::new(), Vec::new());
                Form {
                    title,
                    namespaces,
                    model_attributes,
                    body_class,
                    primary,
                    secondary,
                    binds,
                    itext,
                    actions,
                    submission,
                    body,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_definition_comes_back_from_its_xml(form in form()) {
        let xml = write_xform(&form);
        let (read, problems) = parse_xform(&xml).expect("what is written can be read");
        prop_assert!(problems.is_empty(), "{:?}", problems);
        prop_assert_eq!(&read, &form);
        prop_assert_eq!(write_xform(&read), xml);
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "\\PC{0,60}", at in 0usize..2_000, length in 0usize..40) {
        drop(parse_xform(&text));
        let program = crate::dsl::program("<a/><r jr:template=\"\"><b/></r>", "", "<input ref=\"/data/a\"/>");
        drop(program.fields_of(&text));
        // A form with a piece of it replaced.
        let xml = crate::dsl::xform("<a/>", "<bind nodeset=\"/data/a\" relevant=\"1 = 1\"/>", "<input ref=\"/data/a\"/>");
        let from = xml.char_indices().map(|(at, _)| at).nth(at % xml.len()).unwrap_or_default();
        let to = xml.char_indices().map(|(at, _)| at).find(|to| *to >= from + length).unwrap_or(xml.len());
        let broken = [xml.get(..from).unwrap_or_default(), &text, xml.get(to..).unwrap_or_default()].concat();
        if let Ok((form, _)) = parse_xform(&broken) {
            drop(form::compile(form, &form::Resources::default()).map(|program| {
                form::Session::start(std::sync::Arc::new(program), crate::dsl::environment()).to_xml()
            }));
        }
    }
}

#[test]
fn a_prefix_is_declared_once() {
    let pair = |prefix: &str, uri: &str| (prefix.to_owned(), uri.to_owned());
    let form = Form {
        namespaces: vec![pair("e", "u:a"), pair("odk", "u:o"), pair("e", "u:b")],
        primary: Element::new("data"),
        ..Form::default()
    };
    let xml = write_xform(&form);
    let read = parse_xform(&xml).expect("XML that declares each prefix once").0;
    assert_eq!(read.namespaces, [pair("e", "u:a")]);
    let xml = xml.replace("<model>", "<model xmlns:e=\"u:b\">");
    let read = parse_xform(&xml).expect("a prefix of the model's own").0;
    assert_eq!(read.namespaces, [pair("e", "u:b")]);
}

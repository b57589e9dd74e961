//! Pictures whose regions are choices.

use form::{Picture, read_picture};

fn shape<'a>(picture: &'a Picture, id: &str) -> &'a form::Shape {
    let found = picture.shapes.iter().find(|shape| shape.ids.iter().any(|own| own == id));
    found.unwrap_or_else(|| panic!("no region {id}"))
}

fn says<'a>(shape: &'a form::Shape, name: &str) -> Option<&'a str> {
    shape.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

#[test]
fn regions_are_the_ids_of_shapes_and_of_their_groups() {
    let picture = read_picture(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10">
            <g id="left" transform="translate(1 2)" fill="#eee" style="stroke: red; cursor: pointer">
                <path id="inner" d="M0 0h4v4z" transform="scale(2)" fill="blue"/></g>
            <rect id="right" x="10" y="0" width="5" height="5"/>
            <text x="1" y="9">Phía <tspan>tây</tspan></text></svg>"##,
    )
    .expect("a picture");
    assert_eq!(picture.view_box, "0 0 20 10");
    let left = shape(&picture, "left");
    assert_eq!(left.ids, ["inner", "left"]);
    assert_eq!(says(left, "transform"), Some("translate(1 2) scale(2)"));
    assert_eq!((says(left, "fill"), says(left, "stroke")), (Some("blue"), Some("red")));
    assert_eq!(says(left, "cursor"), None);
    assert_eq!(says(shape(&picture, "right"), "width"), Some("5"));
    assert_eq!(picture.shapes.last().map(|shape| shape.text.as_str()), Some("Phía tây"));
}

#[test]
fn nothing_comes_along_that_runs_or_is_fetched() {
    let picture = read_picture(
        r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40mm" height="30">
            <script>alert(1)</script><style>rect { fill: red }</style>
            <image xlink:href="http://example.com/a.png"/><use xlink:href="#a"/>
            <foreignObject><p>x</p></foreignObject><defs><rect id="b"/></defs>
            <rect id="a" onclick="alert(1)" href="javascript:alert(1)" fill="url(http://example.com/)" width="1"/></svg>"##,
    )
    .expect("a picture");
    assert_eq!(picture.view_box, "0 0 40 30");
    let [only] = picture.shapes.as_slice() else { panic!("{:?}", picture.shapes) };
    assert_eq!(only.attributes, [("width", "1".to_owned())]);
    assert!(read_picture("<html/>").is_err());
    assert!(read_picture("no picture").is_err());
}

#[test]
fn a_picture_that_is_cut_off_or_too_deep_is_refused() {
    let svg = r##"<svg xmlns="http://www.w3.org/2000/svg"><g id="à" style="fill:;stroke"><path d="M0"/></g></svg>"##;
    for (at, _) in svg.char_indices() {
        let (cut, _) = svg.split_at(at);
        assert!(read_picture(cut).is_err(), "{cut}");
    }
    let deep = |levels: usize| {
        format!("<svg>{}<rect/>{}</svg>", "<g id=\"a\">".repeat(levels), "</g>".repeat(levels))
    };
    assert!(read_picture(&deep(10_000)).is_err());
    assert_eq!(read_picture(&deep(20)).expect("a picture").shapes.len(), 1);
    let bomb = "<!DOCTYPE svg [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><svg><text>&b;</text></svg>";
    assert!(read_picture(bomb).is_err());
}

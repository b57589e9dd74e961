//! Whose records somebody may see, past and present, on the repository's units.

use std::collections::BTreeSet;

use pack::{Date, Unit, Units};

use crate::real_pack;

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

#[test]
fn a_ward_sees_itself_and_the_units_it_took_over_from_and_no_other_ward() {
    let units = real_pack().units;
    let cases = [
        ("dn_p_xuan_lap", set(&["dn_p_xuan_lap", "lk_p_xuan_lap", "lk_p_bau_sen"])),
        // Through Xuân An, which took over from two wards before it was itself taken over.
        (
            "dn_p_long_khanh",
            set(&[
                "dn_p_long_khanh",
                "lk_p_xuan_an",
                "lk_p_xuan_trung",
                "lk_p_xuan_thanh",
                "lk_p_xuan_binh",
                "lk_p_xuan_hoa",
                "lk_p_phu_binh",
                "lk_x_bau_tram",
            ]),
        ),
        // A unit outside the pack, named in a remark, is no unit.
        ("dn_p_binh_loc", set(&["dn_p_binh_loc", "lk_p_suoi_tre", "lk_x_binh_loc"])),
        ("lk_p_xuan_an", set(&["lk_p_xuan_an", "lk_p_xuan_trung", "lk_p_xuan_thanh"])),
        ("nobody", set(&[])),
    ];
    for (unit, expected) in cases {
        assert_eq!(units.scope(&[unit]), expected, "{unit}");
    }
}

#[test]
fn a_scope_of_several_units_is_all_of_their_scopes() {
    let units = real_pack().units;
    let both = units.scope(&["dn_p_xuan_lap", "dn_p_bao_vinh"]);
    let union: BTreeSet<String> =
        units.scope(&["dn_p_xuan_lap"]).union(&units.scope(&["dn_p_bao_vinh"])).cloned().collect();
    assert_eq!(both, union);
    assert_eq!(
        units.scope(&["tinh_dong_nai"]).len(),
        units.len(),
        "everything of this pack is in the province"
    );
}

#[test]
fn a_city_that_ended_keeps_its_agencies_and_wards_below_it() {
    let below = real_pack().units.subtree("tp_long_khanh");
    assert!(
        ["tp_long_khanh", "hoi_lhpn_tp", "lk_p_xuan_trung"]
            .iter()
            .all(|unit| below.contains(*unit))
    );
    assert!(!below.contains("dn_p_long_khanh"));
}

#[test]
fn the_wards_of_a_day_are_those_that_existed_on_it() {
    let units = real_pack().units;
    for (on, wards) in [
        ("2024-03-07", 15),
        ("2024-10-31", 15),
        ("2024-11-01", 13),
        ("2025-06-30", 13),
        ("2025-07-01", 5),
    ] {
        let found = units.valid_on(day(on)).filter(|unit| unit.level == "xa").count();
        assert_eq!(found, wards, "{on}");
    }
}

#[test]
fn a_dissolved_ward_is_held_by_whoever_took_over_in_the_end() {
    let units = real_pack().units;
    let ids = |units: Vec<&Unit>| units.iter().map(|unit| unit.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(units.successors("lk_p_xuan_trung")), ["lk_p_xuan_an", "dn_p_long_khanh"]);
    for (on, holder) in [
        ("2024-05-01", "lk_p_xuan_trung"),
        ("2025-01-01", "lk_p_xuan_an"),
        ("2026-11-23", "dn_p_long_khanh"),
    ] {
        assert_eq!(ids(units.holders("lk_p_xuan_trung", day(on))), [holder], "{on}");
    }
}

#[test]
fn units_in_a_circle_end_every_question() {
    let unit = |id: &str, other: &str| Unit {
        id: id.to_owned(),
        parent: Some(other.to_owned()),
        predecessors: vec![other.to_owned()],
        successors: vec![other.to_owned()],
        ..Unit::default()
    };
    let units = Units::from(vec![unit("a", "b"), unit("b", "a")]);
    assert_eq!(units.scope(&["a"]), set(&["a", "b"]));
    assert_eq!(units.subtree("a"), set(&["a", "b"]));
    assert_eq!(units.successors("a").len(), 1);
}

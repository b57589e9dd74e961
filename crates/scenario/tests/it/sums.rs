//! Sums over rows, and shares.

use crate::pack::{AUGUST_2025, ByName, start, start_at};

#[test]
fn money_is_summed_by_source() {
    let lines = [
        ("ns_tp", 12_000_000_i64, 11_500_000_i64),
        ("ns_xa", 3_250_000, 3_000_000),
        ("van_dong", 800_000, 800_000),
        ("ns_tp", 4_000_000, 5_000_000),
        ("ns_xa", 1, 0),
    ];
    let mut form = start("kinh_phi");
    for (number, (source, planned, spent)) in (1..).zip(lines) {
        let row = form.row("khoan", number);
        form.put_in_row("khoan", row, "k_nguon", source);
        form.put_in_row("khoan", row, "k_du_toan", &planned.to_string());
        form.put_in_row("khoan", row, "k_thuc_chi", &spent.to_string());
        let over = form.state(&format!("khoan[{row}]/k_thuyet_minh")).expect("it is drawn");
        assert_eq!(
            over.relevant,
            spent > planned,
            "an explanation is asked for spending over plan"
        );
    }
    let sum = |source: &str, of: fn(&(&str, i64, i64)) -> i64| -> String {
        lines.iter().filter(|line| line.0 == source).map(of).sum::<i64>().to_string()
    };
    for source in ["ns_tp", "ns_xa", "van_dong"] {
        assert_eq!(form.text(&format!("dt_{source}")), sum(source, |line| line.1));
        assert_eq!(form.text(&format!("tc_{source}")), sum(source, |line| line.2));
    }
    assert_eq!(form.text("dt_tong"), lines.iter().map(|line| line.1).sum::<i64>().to_string());
    assert_eq!(form.text("tc_tong"), lines.iter().map(|line| line.2).sum::<i64>().to_string());
    form.fill(lines.len());
    assert_eq!(form.violations(), vec![]);
}

#[test]
fn money_of_the_province_counts_once_the_city_has_none() {
    let mut form = start_at("kinh_phi", AUGUST_2025);
    for (number, source) in (1..).zip(["ns_tinh", "ns_xa"]) {
        let row = form.row("khoan", number);
        form.put_in_row("khoan", row, "k_nguon", source);
        form.put_in_row("khoan", row, "k_du_toan", "3000000");
        form.put_in_row("khoan", row, "k_thuc_chi", "1000000");
    }
    assert_eq!([form.text("dt_ns_tinh"), form.text("tc_ns_tinh")], ["3000000", "1000000"]);
    assert_eq!([form.text("dt_tong"), form.text("tc_tong")], ["6000000", "2000000"]);
}

#[test]
fn minutes_of_broadcasts_are_length_times_plays() {
    let broadcasts = [(5, 3), (10, 1), (2, 30)];
    let mut form = start("loa_dai");
    for (number, (minutes, plays)) in (1..).zip(broadcasts) {
        let row = form.row("buoi", number);
        form.put_in_row("buoi", row, "b_phut", &minutes.to_string());
        form.put_in_row("buoi", row, "b_lan", &plays.to_string());
    }
    let total: i32 = broadcasts.iter().map(|(minutes, plays)| minutes * plays).sum();
    assert_eq!(form.text("tong_phut"), total.to_string());
    assert_eq!(form.text("so_tin"), broadcasts.len().to_string());
    form.remove_row("buoi[2]").expect("a broadcast can be removed");
    assert_eq!(form.text("tong_phut"), (total - 10).to_string());
    assert_eq!(form.text("so_tin"), "2");
}

#[test]
fn shares_of_a_report_are_empty_until_both_numbers_are_there() {
    let mut form = start("bao_cao_dinh_ky");
    assert_eq!(form.text("srb"), "");
    form.put("sinh_nam", "118");
    assert_eq!(form.text("srb"), "");
    form.put("sinh_nu", "103");
    assert_eq!(form.number("srb"), (1000.0_f64 * 118.0 / 103.0).round() / 10.0);
    form.put("tt_nam", "40");
    form.put("tt_nu", "85");
    assert_eq!(form.number("tl_nam"), (1000.0_f64 * 40.0 / 125.0).round() / 10.0);
}

#[test]
fn men_and_women_at_an_event_are_added() {
    let mut form = start("su_kien_truyen_thong");
    form.put("nam", "17");
    form.put("nu", "46");
    form.put("hinh_thuc", "loa");
    assert_eq!(form.text("tong"), "", "nobody comes to a broadcast");
    form.put("hinh_thuc", "loa hoi_nghi");
    assert_eq!(form.text("tong"), "63");
    assert_eq!(form.number("ty_le_nam"), (1000.0_f64 * 17.0 / 63.0).round() / 10.0);
}

#[test]
fn a_part_cannot_be_more_than_the_whole() {
    let mut form = start("bao_cao_dinh_ky");
    form.put("cbcc", "20");
    form.put("cbcc_nu", "21");
    let path = form.path("cbcc_nu");
    assert!(form.problem(&path).is_some(), "21 of 20 are too many");
    form.put("cbcc", "30");
    assert_eq!(form.problem(&path), None, "21 of 30 are not");
}

#[test]
fn the_month_of_action_runs_from_mid_november_to_mid_december() {
    for (day, within) in [
        ("2024-11-14", "khong"),
        ("2024-11-15", "co"),
        ("2024-12-01", "co"),
        ("2024-03-08", "khong"),
    ] {
        let mut form = start("thang_hanh_dong");
        form.put("ngay", day);
        assert_eq!(form.text("trong_dot"), within, "{day}");
    }
}

#[test]
fn a_remedy_that_is_not_done_needs_a_new_date_and_a_reason() {
    let mut form = start("khac_phuc");
    let results = form.choices(&form.path("ket_qua"));
    assert!(results.len() >= 3, "{results:?}");
    for result in results {
        form.put("ket_qua", &result);
        let unfinished = ["dang", "chua"].contains(&result.as_str());
        assert_eq!(form.relevant("gia_han"), unfinished, "{result}");
        assert_eq!(form.relevant("ly_do"), unfinished, "{result}");
    }
    form.put("ket_qua", "dang");
    form.put("gia_han", "2024-11-30");
    let path = form.path("gia_han");
    assert!(form.problem(&path).is_some(), "it is before the day of the visit");
    form.fill(1);
    assert_eq!(form.violations(), vec![]);
}

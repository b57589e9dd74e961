//! What the form works out, where two phones worked out different results.

use super::*;

/// A record in which two phones wrote a row each, and each the result without the other's: what they wrote there, the one that is
/// shown last.
fn two_results(phone: &Phone, id: RecordId, results: [&str; 2]) {
    let sibling = |device: u8, text: &str| Sibling {
        dot: Dot { device: DeviceId([device; 16]), seq: 1 },
        value: Value::Text(text.to_owned()),
    };
    let met = |texts: [&str; 2]| vec![sibling(1, texts[0]), sibling(2, texts[1])];
    let fields = [
        (field::STATE, vec![sibling(1, "submitted")]),
        (field::TITLE, met(["Phiếu cũ", "Phiếu thử"])),
        ("chung/ten", vec![sibling(1, "An")]),
        ("nguoi[a]", vec![sibling(1, "1")]),
        ("nguoi[a]/ho_ten", vec![sibling(1, "Bình")]),
        ("nguoi[b]", vec![sibling(2, "2")]),
        ("nguoi[b]/ho_ten", vec![sibling(2, "Cúc")]),
        ("tong", met(results)),
    ];
    let state = RecordState {
        record: id,
        form: phone.form.clone(),
        unit: "phuong_a".to_owned(),
        author: "an".to_owned(),
        received_ms: 1,
        changed_ms: 2,
        fields: fields.map(|(path, siblings)| (path.to_owned(), siblings)).into(),
        rv: 1,
        left: false,
        writers: BTreeMap::new(),
    };
    let base = view::Base { state, included: 0, generation: 0 };
    let change = storage::Change::Put(Store::Base, id.into(), codec::encode(&base));
    block_on(phone.storage.write(vec![change])).expect("stored");
}

#[test]
fn results_that_met_are_stored_as_they_are_on_screen_once_somebody_submits() {
    run(|phone| {
        let counting = FORM.replace("<ghi_chu/>", "<tong/><ghi_chu/>").replace(
            "<bind nodeset=\"/data/ghi_chu\"",
            "<bind nodeset=\"/data/tong\" type=\"int\" calculate=\"count(/data/nguoi)\"/>\
             <bind nodeset=\"/data/ghi_chu\"",
        );
        let phone = phone.with_form(&counting);
        // The one that is shown is wrong, or right by chance.
        for results in [["1", "7"], ["1", "2"]] {
            let id = record_id::new();
            two_results(&phone, id, results);
            let entry = phone.open(id);
            entry.set_on_screen(true);
            block_on(entry.save_now()).expect("memory stores");
            assert_eq!(block_on(phone.storage.all(Store::Open)), Ok(Vec::new()), "looked at only");
            block_on(entry.submit()).expect("complete");
            let view = block_on(phone.records.view(id)).expect("read").expect("a record");
            assert_eq!(view.fields["tong"], Value::Text("2".to_owned()));
            assert_eq!(view.title, "", "the form gives records no name");
            let mut open = view.conflicts.iter().filter(|conflict| conflict.level == Level::Decide);
            assert_eq!(open.next(), None);
        }
    });
}

#[test]
fn results_that_met_stay_where_the_list_that_they_look_into_is_not_here() {
    run(|phone| {
        let looking = FORM.replace("<ghi_chu/>", "<tong/><ghi_chu/>").replace(
            "</instance>",
            "</instance><instance id=\"xa\" src=\"jr://file-csv/xa.csv\"/>\
             <bind nodeset=\"/data/tong\" type=\"int\" calculate=\"instance('xa')/root/item[name='a']/so\"/>",
        );
        let phone = phone.with_form(&looking);
        let id = record_id::new();
        two_results(&phone, id, ["1", "7"]);
        block_on(phone.open(id).submit()).expect("complete");
        let view = block_on(phone.records.view(id)).expect("read").expect("a record");
        assert_eq!(view.fields["tong"], Value::Text("7".to_owned()));
        let mut open = view.conflicts.iter().filter(|conflict| conflict.level == Level::Decide);
        assert!(open.any(|conflict| conflict.path == "tong"));
    });
}

#[test]
fn what_two_people_were_asked_is_not_settled_by_a_third_who_opens_the_form() {
    run(|phone| {
        let id = record_id::new();
        two_results(
            &phone.with_form(&FORM.replace("<ghi_chu/>", "<tong/><ghi_chu/>")),
            id,
            ["1", "7"],
        );
        let asking = FORM.replace("<ghi_chu/>", "<tong/><ghi_chu/>").replace(
            "<input ref=\"/data/ghi_chu\">",
            "<input ref=\"/data/tong\"><label>Tổng</label></input>\
                      <input ref=\"/data/ghi_chu\">",
        );
        let entry = phone.with_form(&asking).open(id);
        block_on(entry.submit()).expect("complete");
        let view = block_on(phone.records.view(id)).expect("read").expect("a record");
        let mut open = view.conflicts.iter().filter(|conflict| conflict.level == Level::Decide);
        assert_eq!(open.next().map(|conflict| conflict.path.as_str()), Some("tong"));
    });
}

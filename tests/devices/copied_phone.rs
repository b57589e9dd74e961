//! A browser profile that was copied: two phones that believe to be one.

use crate::rig::{Phone, Server, Work, unit, who};

#[tokio::test]
async fn a_copied_profile_takes_a_new_name_and_both_lose_nothing() {
    let server = Server::start().await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let first = hoa.fill(&work, &[("pa/a1_gc", "trước khi sao chép")]);
    hoa.sync().await;

    let mut copy = hoa.copy("Hoa's copy");
    let one = hoa.fill(&work, &[("pa/a1_gc", "máy thứ nhất")]);
    let other = copy.fill(&work, &[("pa/a1_gc", "máy thứ hai")]);
    hoa.sync().await;
    copy.sync().await;
    // The session belongs to the old name: the person signs in on the copy.
    if copy.disk.waiting().operations > 0 {
        copy.sign_in().await;
        copy.sync().await;
    }
    hoa.sync().await;
    assert_ne!(hoa.device(), copy.device());
    for phone in [&hoa, &copy] {
        assert_eq!(phone.disk.waiting().operations, 0);
        for (record, text) in
            [(first, "trước khi sao chép"), (one, "máy thứ nhất"), (other, "máy thứ hai")]
        {
            assert_eq!(phone.shown(record, "pa/a1_gc").as_deref(), Some(text));
            assert!(phone.view(record).unwrap().conflicts.is_empty());
        }
    }
}

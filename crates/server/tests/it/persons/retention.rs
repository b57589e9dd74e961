//! Answers whose months are over are erased by themselves.

use server::audit::Action as AuditAction;
use server::database::{AuditOf, KeptOperation, Reason};
use server::{backup, clock, persons};
use sync::wire::{Action, Operation, RecordId, Value};

use super::{is_held, put_back, start, two_people};
use crate::app::text;
use crate::personal::{ROW, SALT};

#[tokio::test]
async fn answers_are_erased_when_the_months_of_the_pack_are_over_and_not_a_day_before() {
    let server = start().await;
    let lan = two_people(&server, 0x1e).await;
    let day = 24 * 3600 * 1000;
    let now_ms = clock::now_ms();
    let after = |days: i64| now_ms + days * day;
    assert_eq!(persons::retention(&server.app, after(364), false).await.unwrap(), (0, 0));
    assert_eq!(
        persons::retention(&server.app, after(367), true).await.unwrap(),
        (5, 2),
        "counted only, and with them what a row's key is made with"
    );
    assert!(is_held(&server, "Thị Hoa").await);
    assert_eq!(persons::retention(&server.app, after(367), false).await.unwrap(), (5, 2));
    assert!(!is_held(&server, "Thị Hoa").await && !is_held(&server, "Văn Nam").await);
    assert!(!is_held(&server, SALT).await);
    assert!(is_held(&server, "Trần Lan").await, "that is kept for two years");
    assert_eq!(
        persons::retention(&server.app, after(368), false).await.unwrap(),
        (0, 0),
        "done once"
    );
    persons::retention(&server.app, after(732), false).await.unwrap();
    assert!(!is_held(&server, "Trần Lan").await && is_held(&server, "tap_huan").await);
    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    assert_eq!(log.iter().filter(|row| row.action == "retention").count(), 2);
    drop(lan);
}

/// A machine that woke up in another year, before anybody told it the time.
#[tokio::test]
async fn a_clock_that_is_years_ahead_erases_nothing_by_itself() {
    let server = start().await;
    two_people(&server, 0x27).await;
    let years = |years: i64| clock::now_ms() + years * 366 * 24 * 3600 * 1000;
    assert_eq!(server.app.retain(years(0)).await.unwrap(), (0, 0));
    // What is written by that clock does not prove it: phones push, and a backup is noted.
    let heard = format!("UPDATE device SET pushed_ms = {}", years(10));
    let folder = server.folder.path().join("backups");
    for start in 0..3 {
        let woken = server.beside().await;
        assert_eq!(woken.app.retain(years(10)).await.unwrap(), (0, 0), "start {start}");
        server.place.outside().await.say(&heard).await.unwrap();
        let copy = backup::backup(&woken.place.config, &folder, years(10) + start).await.unwrap();
        let restored = put_back(&copy, &folder).await;
        assert_eq!(restored.app.retain(years(10)).await.unwrap(), (0, 0), "copy {start}");
    }
    // A machine that starts every day, for as long as the pack keeps answers in months.
    for start in 0..24 {
        let woken = server.beside().await;
        assert_eq!(woken.app.retain(years(10)).await.unwrap(), (0, 0), "daily start {start}");
        woken.app.database().close().await;
    }
    assert!(is_held(&server, "Thị Hoa").await);

    // Where somebody says that the clock is right the time is over.
    let heard = format!("UPDATE server SET heard_ms = {}", years(2));
    server.place.outside().await.say(&heard).await.unwrap();
    let woken = server.beside().await;
    assert_eq!(woken.app.retain(years(10)).await.unwrap().1, 2);
    assert!(!is_held(&server, "Thị Hoa").await);
}

/// Whoever looked for what is old held the whole log for it; a phone pushed meanwhile, and another server erases too.
#[tokio::test]
async fn what_decides_is_what_is_kept_when_it_is_erased() {
    let server = start().await;
    let lan = two_people(&server, 0x25).await;
    let (record, database) = (RecordId([1; 16]), server.app.database());
    let old_ms = clock::now_ms();
    let name = format!("{ROW}/hv_ten");
    let correction = lan.create(3, 1, "phuong_a", &[(&name, text("Nguyễn Thị Huệ"))]);
    lan.push(&[Operation { action: Action::Amend, ..correction }]).await;
    let reason = Reason { by: None, action: AuditAction::Retention };
    let says = |kept: &KeptOperation| kept.operation.fields[&name].value != Value::Empty;
    let of_old = |_, kept: &[KeptOperation]| {
        let is_new = kept.iter().any(|kept| says(kept) && kept.received_ms >= old_ms);
        if is_new { [].into() } else { [name.clone()].into() }
    };
    database.erase(&[record], of_old, reason, 0, 5, |_| Ok(())).await.unwrap();
    assert!(is_held(&server, "Thị Huệ").await);
    assert!(database.erasures(Some).await.unwrap().is_empty(), "nothing to send anybody");

    let of_all = |_, kept: &[KeptOperation]| {
        if kept.iter().any(says) { [name.clone()].into() } else { [].into() }
    };
    for _ in 0..2 {
        database.erase(&[record], of_all, reason, 0, 5, |_| Ok(())).await.unwrap();
        assert_eq!(database.erasures(Some).await.unwrap().len(), 1, "once");
    }
}

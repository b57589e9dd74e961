//! The phone is killed between any two steps: nothing is lost, and everything arrives once.

use sync::device::Event;
use sync::wire::{Action, State};

use crate::rig::{Phone, Server, Work, random::Random, unit, who};

#[tokio::test]
async fn a_phone_killed_after_any_number_of_steps_goes_on_where_it_was() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    hoa.batch = 1;
    for steps in 1.. {
        let submitted = hoa.begin(&work);
        hoa.answer(submitted, "pa/a1_gc", "đã nộp");
        let photo = hoa.photograph(submitted, "pa/a1_anh", Random::new(steps).bytes(300_000));
        hoa.press(submitted, Action::Submit);
        let draft = hoa.begin(&work);
        hoa.answer(draft, "pa/a1_gc", "còn dở");

        hoa.happen(Event::Asked);
        let mut finished = false;
        for _ in 0..steps {
            finished = !hoa.step().await;
        }
        hoa.kill();
        assert_eq!(hoa.shown(draft, "pa/a1_gc").as_deref(), Some("còn dở"), "after {steps} steps");
        hoa.happen(Event::Opened);
        while hoa.step().await {}
        assert_eq!(hoa.disk.waiting(), Default::default(), "after {steps} steps");

        desk.sync().await;
        assert_eq!(desk.view(submitted).unwrap().state, State::Submitted);
        assert_eq!(desk.view(draft).unwrap().state, State::Draft);
        for record in [submitted, draft] {
            assert_eq!(desk.operations(record).await, 1, "after {steps} steps");
            assert!(desk.view(record).unwrap().conflicts.is_empty());
        }
        let file = desk.http.get(&format!("/api/v1/blobs/{photo}")).await.unwrap();
        assert_eq!(file.body, hoa.disk.files[&photo].bytes);
        if finished {
            assert!(steps > 10, "a sync has more steps than that");
            return;
        }
    }
}

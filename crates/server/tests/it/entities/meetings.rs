//! Changes of an entity that did not see each other.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use form::EntityChange;
use server::database::{FormRow, NewPack};
use server::entities::{Entity, EntityVersion, Meeting, Outcome, Sourced, apply};
use sync::codec;
use sync::wire::Operation;

use super::{HEAD, HOUSE, form_ref, register, with_forms};
use crate::app::{Answer, Device, text};

impl Device<'_> {
    async fn settle_entity(&self, version: u64) -> Answer {
        let path = format!("/api/v1/entities/ho_dan/{HOUSE}/settle");
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/json"),
        ];
        let body = Body::from(serde_json::json!({ "version": version }).to_string());
        self.server.request(Method::POST, &path, &headers, body).await
    }
}

#[tokio::test]
async fn changes_that_did_not_see_each_other_are_both_kept_and_shown_until_a_coordinator_looked() {
    let server = with_forms().await;
    let (lan, minh, an) =
        (server.device("lan").await, server.device("minh").await, server.device("an").await);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    let change = [("ho", HOUSE), ("base", "1")];
    let by = |answer: (&'static str, &'static str)| [change[0], change[1], answer];
    lan.push(&[lan.household(2, 2, "phuong_a", &by(("nguoi", "5")))]).await;
    minh.push(&[minh.household(1, 3, "phuong_a", &by(("nguoi", "6")))]).await;
    assert!(an.entity_rows().await[1].ends_with(",3,Lan,6"), "{:?}", an.entity_rows().await);
    let met = an.entity_conflicts().await;
    assert_eq!(met[0]["conflict"], "hard");
    let versions = met[0]["versions"].as_array().unwrap();
    let told: Vec<(&str, u64, &str)> = versions
        .iter()
        .map(|one| {
            let count = &one["properties"]["nguoi"];
            let author = one["author"].as_str().unwrap();
            (author, one["base"].as_u64().unwrap(), count.as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("lan", 0, "4"), ("lan", 1, "5"), ("minh", 1, "6")]);
    assert_eq!(minh.settle_entity(3).await.status, StatusCode::FORBIDDEN);
    assert_eq!(an.settle_entity(2).await.code(), "changed");
    assert_eq!(an.settle_entity(3).await.status, StatusCode::NO_CONTENT);
    assert_eq!(an.entity_conflicts().await, serde_json::json!([]));
    let log = an.get("/api/v1/audit?action=entity_settle").await.json();
    let rows: Vec<_> = log.as_array().unwrap().iter().collect();
    let [row] = rows[..] else { panic!("one was settled: {rows:?}") };
    let told = (&row["actor"], &row["object"], &row["unit"], &row["detail"]);
    let (object, version) = (format!("ho_dan/{HOUSE}"), serde_json::json!({ "version": 3 }));
    assert_eq!(told, (&"an".into(), &object.into(), &"phuong_a".into(), &version));
}

/// Changes the household that is chosen from the list, as a spreadsheet with `entity_id` asks for it: only a phone has that list.
fn choose_and_change() -> String {
    format!(
        r#"{HEAD}<h:head><h:title>Sửa</h:title><model entities:entities-version="2024.1.0"><instance><data id="sua" version="1">
        <ho/><nguoi/><meta><entity dataset="ho_dan" id="" update="1" baseVersion="" trunkVersion="" branchId=""/></meta></data></instance>
        <instance id="ho_dan" src="jr://file-csv/ho_dan.csv"/><bind nodeset="/data/nguoi" entities:saveto="nguoi"/>
        <bind nodeset="/data/meta/entity/@id" calculate="/data/ho"/>
        <bind nodeset="/data/meta/entity/@baseVersion" calculate="instance('ho_dan')/root/item[name=/data/ho]/__version"/>
        </model></h:head><h:body><input ref="/data/ho"/><input ref="/data/nguoi"/></h:body></h:html>"#
    )
}

#[tokio::test]
async fn the_version_that_a_phone_saw_is_what_it_wrote_and_not_worked_out_here_without_its_list() {
    let server = with_forms().await;
    let xml = choose_and_change();
    let form = form_ref("sua", &xml);
    let new = NewPack {
        hash: codec::hash(b"sua"),
        json: server
            .app
            .database()
            .pack_json(server.app.database().pack_hash().await.unwrap().unwrap())
            .await
            .unwrap()
            .unwrap(),
        forms: vec![
            FormRow { form: form.clone(), xml },
            FormRow { form: form_ref("ho", &register()), xml: register() },
        ],
        files: vec![],
        units: vec![],
        programmes: BTreeMap::new(),
        personal: vec![],
    };
    assert!(server.app.database().load_pack(&new, 3).await.unwrap());
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    let change = |device: &Device<'_>, record, base: &str, people: &str| {
        let fields = [
            ("ho", text(HOUSE)),
            ("nguoi", text(people)),
            ("meta/entity/@id", text(HOUSE)),
            ("meta/entity/@baseVersion", text(base)),
        ];
        Operation { form: form.clone(), ..device.create(1, record, "phuong_a", &fields) }
    };
    minh.push(&[change(&minh, 2, "1", "5")]).await;
    assert_eq!(lan.entity_conflicts().await, serde_json::json!([]), "Minh saw what Lan had made");
    let an = server.device("an").await;
    an.push(&[change(&an, 3, "1", "6")]).await;
    let met = lan.entity_conflicts().await;
    let bases: Vec<&serde_json::Value> =
        met[0]["versions"].as_array().unwrap().iter().map(|one| &one["base"]).collect();
    assert_eq!(bases, [0, 1, 1], "An had not seen Minh's");
}

fn change(author: &str, base: &str, branch: (&str, &str), property: (&str, &str)) -> Sourced {
    let change = EntityChange {
        dataset: "ho_dan".to_owned(),
        id: HOUSE.to_owned(),
        create: base.is_empty(),
        update: !base.is_empty(),
        base_version: base.to_owned(),
        trunk_version: branch.0.to_owned(),
        branch_id: branch.1.to_owned(),
        label: None,
        properties: vec![(property.0.to_owned(), property.1.to_owned())],
    };
    Sourced { change, unit: "phuong_a".to_owned(), author: author.to_owned() }
}

/// Each change after the other; how the last one met the others.
fn met(changes: &[Sourced]) -> (Entity, Option<Meeting>) {
    let mut now: Option<(Entity, Vec<EntityVersion>)> = None;
    for change in changes {
        let stands = now.as_ref().map(|(entity, versions)| (entity, versions.as_slice()));
        let (entity, version) = apply(stands, change).unwrap();
        let mut versions = now.take().map(|(_, versions)| versions).unwrap_or_default();
        versions.push(version);
        now = Some((entity, versions));
    }
    let (entity, versions) = now.unwrap();
    (entity, versions.last().unwrap().conflict)
}

#[test]
fn changes_meet_softly_hard_or_not_at_all() {
    let none = ("", "");
    let made = change("lan", "", none, ("nguoi", "4"));
    let by_lan = change("lan", "1", none, ("nguoi", "5"));
    let met_by = |last: Sourced| met(&[made.clone(), by_lan.clone(), last]).1;
    assert_eq!(met_by(change("minh", "2", none, ("nguoi", "6"))), None, "it saw both");
    assert_eq!(met_by(change("minh", "1", none, ("nguoi", "6"))), Some(Meeting::Hard));
    assert_eq!(met_by(change("minh", "1", none, ("xa", "bq"))), Some(Meeting::Soft));
    assert_eq!(met_by(change("lan", "1", none, ("nguoi", "6"))), None, "she changed it herself");
    assert_eq!(met_by(change("minh", "1", none, ("nguoi", "5"))), None, "both say the same");
}

/// Forms send all that they show, changed or not.
#[test]
fn what_was_sent_as_it_was_undoes_nobodys_change() {
    let none = ("", "");
    let made = change("lan", "", none, ("nguoi", "4"));
    let by_lan = change("lan", "1", none, ("nguoi", "5"));
    let mut by_minh = change("minh", "1", none, ("nguoi", "4"));
    let (entity, last) = met(&[made.clone(), by_lan.clone(), by_minh.clone()]);
    assert_eq!((entity.properties["nguoi"].as_str(), entity.version, last), ("5", 3, None));
    by_minh.change.properties.extend([("xa", "bq"), ("ap", "")].map(|(n, v)| (n.into(), v.into())));
    let (entity, last) = met(&[made.clone(), by_lan.clone(), by_minh]);
    assert_eq!((entity.properties["nguoi"].as_str(), last), ("5", Some(Meeting::Soft)));
    assert_eq!(entity.properties["xa"], "bq");
    assert!(!entity.properties.contains_key("ap"), "it was empty");
    // She changed it and changed it back; her other phone, which knows of no change, says that there is none.
    let back = change("lan", "2", ("1", "a"), ("nguoi", "4"));
    let on_a = change("lan", "1", ("1", "a"), ("nguoi", "5"));
    assert_eq!(met(&[made.clone(), on_a.clone(), back]).0.properties["nguoi"], "4");
    let on_b = change("lan", "1", ("1", "b"), ("nguoi", "4"));
    assert_eq!(met(&[made.clone(), on_a, on_b]).0.properties["nguoi"], "5");
    // Her phone's app was of before the branches at the first visit, and says at the second one what it is called.
    let renewed = change("lan", "2", ("1", "a"), ("nguoi", "4"));
    assert_eq!(met(&[made.clone(), by_lan.clone(), renewed]).0.properties["nguoi"], "4");
    let renewed = change("lan", "2", ("1", "a"), ("nguoi", "6"));
    assert_eq!(met(&[made.clone(), by_lan.clone(), renewed]).1, None, "she meets nobody");
    // Who does not say what they saw says all of it.
    let mut blind = change("minh", "1", none, ("nguoi", "4"));
    blind.change.base_version.clear();
    assert_eq!(met(&[made, by_lan, blind]).0.properties["nguoi"], "4");
}

/// Two changes of one phone without a network, and one of another phone between them and the server.
#[test]
fn a_line_of_changes_without_a_network_does_not_meet_itself() {
    let made = change("minh", "", ("", ""), ("nguoi", "4"));
    let other = change("minh", "1", ("", ""), ("xa", "bq"));
    let first = change("lan", "1", ("1", "b"), ("nguoi", "5"));
    let second = change("lan", "2", ("1", "b"), ("nguoi", "6"));
    let all = [made, other, first, second];
    assert_eq!(met(&all[..3]).1, Some(Meeting::Soft), "it did not see the other");
    let (entity, last) = met(&all);
    assert_eq!(last, None, "the second one saw the first");
    assert_eq!((entity.version, entity.conflict), (4, Some(Meeting::Soft)));
    assert_eq!(entity.properties["nguoi"], "6");
    let made_again = change("lan", "", ("", ""), ("nguoi", "1"));
    assert_eq!(apply(Some((&entity, &[])), &made_again), Err(Outcome::IsThere));
    assert_eq!(apply(None, &all[1]), Err(Outcome::Waits));
}

/// A form sends all that it shows, and a phone counts its own changes: the second change's number is somebody else's version.
#[test]
fn a_line_of_changes_undoes_nothing_that_came_between_it_and_the_server() {
    for trunk in ["1", ""] {
        let made = change("lan", "", ("", ""), ("nguoi", "4"));
        let other = change("minh", "1", ("", ""), ("nguoi", "9"));
        let visit = |base, place: &str| {
            let mut visit = change("lan", base, (trunk, "b"), ("nguoi", "4"));
            visit.change.properties.push(("xa".to_owned(), place.to_owned()));
            visit
        };
        let begun = [made, other, visit("1", "a")];
        let after = |last: Sourced| met(&[&begun[..], &[last]].concat());
        let (entity, last) = after(visit("2", "b"));
        assert_eq!((entity.properties["nguoi"].as_str(), &*entity.properties["xa"]), ("9", "b"));
        assert_eq!((last, entity.conflict), (None, Some(Meeting::Soft)), "the first one met it");
        let theirs = change("lan", "2", (trunk, "b"), ("nguoi", "7"));
        assert_eq!(after(theirs).1, Some(Meeting::Hard), "it changes what she did not see");
    }
}

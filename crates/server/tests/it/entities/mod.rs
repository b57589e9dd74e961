//! Entities: what records make and change, in one list for each data set, for phones and for ODK Collect.

mod changes;
mod erasure;
mod lists;
mod meetings;
mod waiting;

use axum::http::StatusCode;
use server::database::{FormRow, NewPack};
use sync::codec;
use sync::wire::{FormRef, Operation, Value};

use crate::app::{Answer, Device, TestApp, text};

const HEAD: &str = r#"<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">"#;

/// Makes a household, or changes the one that is named.
fn register() -> String {
    format!(
        r#"{HEAD}<h:head><h:title>Hộ</h:title><model entities:entities-version="2024.1.0"><instance><data id="ho" version="1">
        <ho/><chu/><nguoi/><base/><meta><entity dataset="ho_dan" id="" create="" update="" baseVersion="" trunkVersion="" branchId=""><label/></entity>
        <orx:instanceID/></meta></data></instance>
        <bind nodeset="/data/chu" relevant="/data/base = ''" entities:saveto="chu_ho"/><bind nodeset="/data/nguoi" entities:saveto="nguoi"/>
        <bind nodeset="/data/meta/entity/@id" calculate="/data/ho"/>
        <bind nodeset="/data/meta/entity/@create" calculate="if(/data/base = '', '1', '')"/>
        <bind nodeset="/data/meta/entity/@update" calculate="if(/data/base = '', '', '1')"/>
        <bind nodeset="/data/meta/entity/@baseVersion" calculate="/data/base"/>
        <bind nodeset="/data/meta/entity/label" relevant="/data/chu != ''" calculate="concat('Hộ ', /data/chu)"/></model></h:head><h:body>
        <input ref="/data/ho"/><input ref="/data/chu"/><input ref="/data/nguoi"/><input ref="/data/base"/></h:body></h:html>"#
    )
}

/// Chooses one.
fn visit() -> String {
    format!(
        r#"{HEAD}<h:head><h:title>Thăm</h:title><model><instance><data id="tham" version="1"><ho/></data></instance>
        <instance id="ho_dan" src="jr://file-csv/ho_dan.csv"/></model></h:head><h:body><select1 ref="/data/ho">
        <itemset nodeset="instance('ho_dan')/root/item"><value ref="name"/><label ref="label"/></itemset></select1></h:body></h:html>"#
    )
}

fn form_ref(id: &str, xml: &str) -> FormRef {
    FormRef { id: id.to_owned(), version: "1".to_owned(), hash: codec::hash(xml.as_bytes()) }
}

async fn with_forms() -> TestApp {
    with_programmes(&[]).await
}

/// With forms that are of programmes.
async fn with_programmes(programmes: &[(&str, &str)]) -> TestApp {
    let server = TestApp::start().await;
    let database = server.app.database();
    let hash = database.pack_hash().await.unwrap().unwrap();
    let json = database.pack_json(hash).await.unwrap().unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let (register, visit) = (register(), visit());
    let forms = [("ho", &register), ("tham", &visit)]
        .map(|(id, xml)| FormRow { form: form_ref(id, xml), xml: xml.clone() });
    json["forms"] = forms
        .iter()
        .map(|row| {
            serde_json::json!({ "id": row.form.id, "file": row.form.id, "version": "1", "hash": row.form.hash.to_string(),
                "bytes": row.xml.len(), "title": { "vi": row.form.id }, "kind": "x", "clauses": [], "used_by": "",
                "personal_data": false, "sensitive_data": false, "checklist_items": null })
        })
        .collect();
    let json = json.to_string().into_bytes();
    let new = NewPack {
        hash: codec::hash(&json),
        json,
        forms: forms.to_vec(),
        files: vec![],
        units: vec![],
        programmes: programmes
            .iter()
            .map(|(form, programme)| ((*form).to_owned(), (*programme).to_owned()))
            .collect(),
        personal: vec![],
    };
    assert!(database.load_pack(&new, 2).await.unwrap());
    server
}

const HOUSE: &str = "7b1f0c6e-0000-4000-8000-00000000000a";

impl Device<'_> {
    /// A submitted record of the form that makes households.
    fn household(&self, seq: u64, record: u8, unit: &str, answers: &[(&str, &str)]) -> Operation {
        let fields: Vec<(&str, Value)> =
            answers.iter().map(|(path, answer)| (*path, text(answer))).collect();
        let form = form_ref("ho", &register());
        Operation { form, ..self.create(seq, record, unit, &fields) }
    }

    async fn entity_list(&self) -> Answer {
        self.get("/api/v1/entities/ho_dan").await
    }

    async fn entity_rows(&self) -> Vec<String> {
        let list = self.entity_list().await;
        assert_eq!(list.status, StatusCode::OK);
        String::from_utf8(list.body.to_vec()).unwrap().lines().map(str::to_owned).collect()
    }

    async fn entity_conflicts(&self) -> serde_json::Value {
        self.get("/api/v1/entities/ho_dan/conflicts").await.json()
    }
}

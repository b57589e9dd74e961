//! Writes what the fuzzer starts from: `cargo run --bin seeds -- FOLDER_OF_XLSX… CORPUS`, a folder for each target.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, error, fs};

use form::{Session, write_xform};
use sync::bundle::{Contents, FileHead, Item, OfDevice, Packer, Row};
use sync::codec;
use sync::wire::{
    Action, DeviceId, Dot, FormRef, Hash, Operation, PushRequest, RecordId, SealedOperation, Times,
    Value, WIRE_VERSION, Write, field,
};
use xlsform::{Kind, Options, convert, read_workbook};

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut folders: Vec<String> = env::args().skip(1).collect();
    let corpus = folders.pop().ok_or("name folders of .xlsx, then the corpus' folder")?;
    let corpus = Path::new(&corpus);
    let mut expressions = BTreeSet::new();
    for file in
        folders.iter().map(fs::read_dir).collect::<Result<Vec<_>, _>>()?.into_iter().flatten()
    {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "xlsx") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path)?;
        seed(corpus, "workbook", &name, &bytes)?;
        let (form, _) = convert(&read_workbook(&bytes, Kind::Spreadsheet)?, &Options::default());
        let Some(form) = form else { continue };
        for bind in &form.binds {
            let all =
                [&bind.relevant, &bind.constraint, &bind.calculate, &bind.required, &bind.readonly];
            expressions.extend(all.into_iter().flatten().cloned());
        }
        let xml = write_xform(&form);
        seed(corpus, "xform", &name, xml.as_bytes())?;
        if let Some(program) = fuzz::program(&xml) {
            let record = Session::start(program, fuzz::environment()).to_xml();
            seed(corpus, "submission", &name, record.as_bytes())?;
        }
    }
    let own = fuzz::program(&fuzz::with_calculation("1")).ok_or("the form is wrong")?;
    let record = Session::start(own, fuzz::environment()).to_xml();
    seed(corpus, "submission", "own", record.as_bytes())?;
    let bundle = include_str!("../../crates/sync/tests/it/frozen/bundle-1.txt").trim();
    let byte = |at| u8::from_str_radix(&bundle[at..at + 2], 16);
    let bundle = (0..bundle.len()).step_by(2).map(byte).collect::<Result<Vec<u8>, _>>()?;
    seed(corpus, "bundle", "frozen", &bundle)?;
    seed(corpus, "bundle", "content", &content())?;
    for (name, request) in requests(&bundle)? {
        seed(corpus, "request", name, &request)?;
    }
    for (number, expression) in expressions.iter().enumerate() {
        seed(corpus, "expression", &number.to_string(), expression.as_bytes())?;
    }
    Ok(())
}

/// What is sealed in a bundle, of every kind.
fn content() -> Vec<u8> {
    let (device, hash) = (DeviceId([1; 16]), Hash([2; 32]));
    let items = [
        Item::Contents(Contents { account: "a".to_owned(), device_name: "b".to_owned() }),
        Item::Device(OfDevice { device, oldest: Some(3) }),
        Item::Operation(SealedOperation { seq: 3, bytes: vec![4] }),
        Item::File(FileHead { hash, size: 2, media_type: "image/jpeg".to_owned() }),
        Item::Chunk(vec![5, 6]),
        Item::Row(Row { store: "c".to_owned(), key: vec![7], value: vec![8] }),
    ];
    let mut packer = Packer::default();
    let put = |item| packer.put(item).expect("a short item");
    let full = items.iter().flat_map(put).count();
    assert_eq!(full, 0, "they fit into one frame");
    packer.finish().bytes
}

/// One of each kind that the target `request` knows, as its server would take it.
fn requests(bundle: &[u8]) -> Result<Vec<(&'static str, Vec<u8>)>, Box<dyn error::Error>> {
    const FORM: &str = include_str!("../../crates/server/tests/it/kiem_tra.xml");
    let mut device = [0; 16];
    device[15] = 1; // the first that the tests' server knows
    let device = DeviceId(device);
    let write = |text: &str| Write { value: Value::Text(text.to_owned()), over: Vec::new() };
    let fields = [(field::STATE, write("submitted")), ("ghi_chu", write("thử"))];
    let operation = codec::encode(&Operation {
        dot: Dot { device, seq: 1 },
        record: RecordId([1; 16]),
        form: FormRef {
            id: "kiem_tra".to_owned(),
            version: "1".to_owned(),
            hash: codec::hash(FORM.as_bytes()),
        },
        unit: "phuong_a".to_owned(),
        action: Action::Create,
        fields: fields.map(|(path, write)| (path.to_owned(), write)).into(),
        at: Times { wall_ms: 1_732_320_000_000, offset_ms: None, offset_age_ms: None },
        author: "lan".to_owned(),
    });
    let push = codec::encode(&PushRequest {
        version: WIRE_VERSION,
        device,
        epoch: None,
        operations: vec![SealedOperation { seq: 1, bytes: operation.clone() }],
        oldest: None,
        unsent: None,
    });
    let program = fuzz::program(FORM).ok_or("the tests' form is wrong")?;
    let record = Session::start(program, fuzz::environment()).to_xml();
    let parts = format!(
        "--r\r\nContent-Disposition: form-data; name=\"*isIncomplete*\"\r\n\r\nyes\r\n\
         --r\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a.xml\"\r\n\
         Content-Type: text/xml\r\n\r\n{record}\r\n\
         --r\r\nContent-Disposition: form-data; name=\"a.jpg\"; filename=\"a.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n123\r\n--r--\r\n"
    );
    let size = u16::try_from(bundle.len())?.to_le_bytes();
    Ok(vec![
        ("operation", [b"o", &operation[..]].concat()),
        ("push", [b"p", &push[..]].concat()),
        ("submission", [b"x", record.as_bytes()].concat()),
        ("parts", [b"m", parts.as_bytes()].concat()),
        ("file", b"f\x03\x00abc".to_vec()),
        ("bundle", [b"b", &size[..], bundle].concat()),
    ])
}

fn seed(corpus: &Path, target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}

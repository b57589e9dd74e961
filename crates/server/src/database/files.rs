//! The files beside forms: lists, pictures, sounds. Kept with the form, by the hash of their bytes.

use pack::phone::PhoneFile;
use sync::wire::Hash;

use super::sql::{query, query_as, query_scalar};
use super::{Answer, Database, NewPack, Write, bytes, signed, unsigned};
use crate::form_files::{FormFile, PIECE};

/// A file beside a form.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// The last part of the addresses by which the form names it.
    pub name: String,
    /// What the file is.
    pub file: HeldFile,
}

/// A file by its hash.
#[derive(Clone, Debug)]
pub struct HeldFile {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// MD5 of its bytes.
    pub md5: [u8; 16],
    /// Its length in bytes.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
}

impl FileRow {
    /// What phones are told of it.
    #[must_use]
    pub fn for_phones(&self) -> PhoneFile {
        PhoneFile {
            name: self.name.clone(),
            hash: self.file.hash.to_string(),
            bytes: self.file.size,
            media_type: self.file.media_type.clone(),
        }
    }
}

/// Name, hash, MD5, length and media type.
type NamedRow = (String, Vec<u8>, Vec<u8>, i64, String);

/// Puts the files of a pack beside its forms. A form of the same bytes as before gets the new files: a list that grows
/// makes no other version of its form. What no form has any more is forgotten.
pub(super) async fn keep_files(tx: &mut Write, new: &NewPack, now_ms: i64) -> Answer<()> {
    let none = Vec::new();
    for (at, form) in new.forms.iter().enumerate() {
        let form = form.form.hash.0.as_slice();
        query("DELETE FROM form_file WHERE form = $1").bind(form).execute(&mut *tx).await?;
        for file in new.files.get(at).unwrap_or(&none) {
            keep_bytes(tx, file, now_ms).await?;
            query("INSERT INTO form_file (form, name, file) VALUES ($1, $2, $3)")
                .bind(form)
                .bind(&file.name)
                .bind(file.hash.0.as_slice())
                .execute(&mut *tx)
                .await?;
        }
    }
    query("DELETE FROM file WHERE NOT EXISTS (SELECT 1 FROM form_file named WHERE named.file = file.hash)")
        .execute(tx)
        .await?;
    Ok(())
}

async fn keep_bytes(tx: &mut Write, file: &FormFile, now_ms: i64) -> Answer<()> {
    let added = query(
        "INSERT INTO file (hash, md5, size, media_type, added_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(file.hash.0.as_slice())
    .bind(file.md5.as_slice())
    .bind(signed(file.bytes.len() as u64))
    .bind(file.media_type)
    .bind(now_ms)
    .execute(&mut *tx)
    .await?;
    if added == 0 {
        return Ok(());
    }
    for (place, piece) in (0_i64..).zip(file.bytes.chunks(PIECE)) {
        query("INSERT INTO file_piece (file, place, bytes) VALUES ($1, $2, $3)")
            .bind(file.hash.0.as_slice())
            .bind(place)
            .bind(piece)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

impl Database {
    /// The files beside a form, by name.
    pub async fn form_files(&self, form: Hash) -> Answer<Vec<FileRow>> {
        let rows: Vec<NamedRow> = query_as(
            "SELECT named.name, file.hash, file.md5, file.size, file.media_type FROM form_file named
             JOIN file ON file.hash = named.file WHERE named.form = $1 ORDER BY named.name",
        )
        .bind(form.0.as_slice())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(name, hash, md5, size, media_type)| {
                Ok(FileRow { name, file: held(&hash, &md5, size, media_type)? })
            })
            .collect()
    }

    /// The file of that hash.
    pub async fn file(&self, hash: Hash) -> Answer<Option<HeldFile>> {
        let row: Option<(Vec<u8>, i64, String)> =
            query_as("SELECT md5, size, media_type FROM file WHERE hash = $1")
                .bind(hash.0.as_slice())
                .fetch_optional(&self.readers)
                .await?;
        row.map(|(md5, size, media_type)| held(&hash.0, &md5, size, media_type)).transpose()
    }

    /// A piece of a file, from 0.
    pub async fn file_piece(&self, hash: Hash, place: u64) -> Answer<Option<Vec<u8>>> {
        Ok(query_scalar("SELECT bytes FROM file_piece WHERE file = $1 AND place = $2")
            .bind(hash.0.as_slice())
            .bind(signed(place))
            .fetch_optional(&self.readers)
            .await?)
    }

    /// All of a file.
    pub async fn file_bytes(&self, file: &HeldFile) -> Answer<Vec<u8>> {
        let mut whole = Vec::with_capacity(usize::try_from(file.size).unwrap_or(0));
        for place in 0..file.size.div_ceil(PIECE as u64) {
            whole.extend(self.file_piece(file.hash, place).await?.unwrap_or_default());
        }
        Ok(whole)
    }
}

fn held(hash: &[u8], md5: &[u8], size: i64, media_type: String) -> Answer<HeldFile> {
    Ok(HeldFile {
        hash: Hash(bytes("hash of a file", hash)?),
        md5: bytes("MD5 of a file", md5)?,
        size: unsigned(size),
        media_type,
    })
}

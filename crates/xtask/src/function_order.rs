//! The module's functions in an order in which brotli finds them alike: each is followed by the one most similar to it.
//!
//! Generic code leaves many functions that differ in a few bytes. What lies near is cheaper to refer to.

use std::ops::Range;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module, RawSection};
use wasmparser::{FunctionSectionReader, Parser, Payload, TypeRef};

/// The same program with its functions in a better order.
///
/// # Errors
///
/// `module` is not a WebAssembly module, or uses what the parser does not know.
pub fn by_likeness(module: &[u8]) -> Result<Vec<u8>> {
    let (imported, bodies) = functions(module)?;
    let order = chain(&bodies.iter().map(|body| &module[body.clone()]).collect::<Vec<_>>());
    let mut places = vec![0; order.len()];
    for (place, &function) in order.iter().enumerate() {
        places[function] = imported + u32::try_from(place)?;
    }
    // First the new numbers wherever a function is named, then the functions themselves into their places.
    let mut renumbered = Module::new();
    Renumber { imported, places }
        .parse_core_module(&mut renumbered, Parser::new(0), module)
        .context("cannot renumber the module's functions")?;
    permute(&renumbered.finish(), &order)
}

/// How many functions are imported, and where the bodies of the others are.
fn functions(module: &[u8]) -> Result<(u32, Vec<Range<usize>>)> {
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            _ => {}
        }
    }
    Ok((imported, bodies))
}

struct Renumber {
    imported: u32,
    /// The new number of each function that is not imported.
    places: Vec<u32>,
}

impl Reencode for Renumber {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        let own = function.checked_sub(self.imported).and_then(|own| self.places.get(own as usize));
        Ok(own.copied().unwrap_or(function))
    }
}

/// Puts the types and bodies of functions into `order`.
fn permute(module: &[u8], order: &[usize]) -> Result<Vec<u8>> {
    let (_, bodies) = functions(module)?;
    let mut ordered = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::FunctionSection(types) => {
                ordered.section(&in_order(types, order)?);
            }
            Payload::CodeSectionStart { .. } => {
                let mut code = CodeSection::new();
                for &function in order {
                    code.raw(&module[bodies[function].clone()]);
                }
                ordered.section(&code);
            }
            // Names of functions and the like: nothing that runs, and out of date.
            Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    ordered.section(&RawSection { id, data: &module[range] });
                }
            }
        }
    }
    Ok(ordered.finish())
}

fn in_order(types: FunctionSectionReader<'_>, order: &[usize]) -> Result<FunctionSection> {
    let types = types.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut section = FunctionSection::new();
    for &function in order {
        section.function(types[function]);
    }
    Ok(section)
}

/// So many hashes of a body stand for it.
const HASHES: usize = 128;

/// A walk through all functions, from the largest, that goes on to the one most like the last that is left.
fn chain(bodies: &[&[u8]]) -> Vec<usize> {
    let sketches: Vec<_> = bodies.iter().map(|body| sketch(body)).collect();
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    let mut order = Vec::with_capacity(bodies.len());
    let mut next = (0..bodies.len()).max_by_key(|&function| bodies[function].len());
    while let Some(last) = next {
        left.retain(|&function| function != last);
        order.push(last);
        next = left.iter().copied().max_by(|&a, &b| {
            let likeness = |function: usize| {
                let shared = sketches[last].iter().zip(&sketches[function]);
                let shared = shared.filter(|(a, b)| a == b).count() as f64 / HASHES as f64;
                let (a, b) = (bodies[last].len() as f64, bodies[function].len() as f64);
                shared - 0.02 * (a / b).ln().abs()
            };
            likeness(a).total_cmp(&likeness(b))
        });
    }
    order
}

/// The least value of each of several hashes over all runs of five bytes: two bodies share as many of them as they share runs
/// (MinHash, Broder 1997).
fn sketch(body: &[u8]) -> [u32; HASHES] {
    let mut least = [u32::MAX; HASHES];
    for run in body.windows(5.min(body.len())) {
        let mut hash = run.iter().fold(0u64, |hash, &byte| (hash << 8 | u64::from(byte)) + 1);
        for least in &mut least {
            hash = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            hash ^= hash >> 29;
            *least = (*least).min((hash >> 32) as u32);
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wasm_encoder::{ExportKind, ExportSection, Function, TypeSection};

    use super::*;

    /// Functions of which each gives a sum of `length` ones, exported by it.
    fn sums(lengths: &[usize]) -> Vec<u8> {
        let (mut types, mut functions, mut exports, mut code) =
            (TypeSection::new(), FunctionSection::new(), ExportSection::new(), CodeSection::new());
        types.ty().function([], [wasm_encoder::ValType::I32]);
        for (number, &length) in lengths.iter().enumerate() {
            functions.function(0);
            exports.export(&length.to_string(), ExportKind::Func, number as u32);
            let mut body = Function::new([]);
            let mut instructions = body.instructions();
            instructions.i32_const(0);
            for _ in 0..length {
                instructions.i32_const(1).i32_add();
            }
            instructions.end();
            code.function(&body);
        }
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&exports).section(&code);
        module.finish()
    }

    fn exported(module: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let (imported, bodies) = functions(module).expect("a module");
        let mut exported = BTreeMap::new();
        for payload in Parser::new(0).parse_all(module) {
            if let Payload::ExportSection(exports) = payload.expect("a module") {
                for export in exports {
                    let export = export.expect("an export");
                    let body = bodies[(export.index - imported) as usize].clone();
                    exported.insert(export.name.to_owned(), module[body].to_vec());
                }
            }
        }
        exported
    }

    #[test]
    fn each_name_still_stands_for_its_function() {
        let module = sums(&[3, 40, 1, 39, 7]);
        let ordered = by_likeness(&module).expect("a module");
        assert_ne!(module, ordered, "the order was good before: the test shows nothing");
        assert_eq!(exported(&module), exported(&ordered));
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(by_likeness(b"<!doctype html>").is_err());
    }
}

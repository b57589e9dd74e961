//! Tells cargo when what is built into the program has changed.

fn main() {
    let mut inputs = vec!["build.rs", "migrations"];
    // A release carries the app inside; other builds read it from the folder when they run.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        inputs.push("../../dist");
    }
    for input in inputs {
        println!("cargo::rerun-if-changed={input}");
    }
}

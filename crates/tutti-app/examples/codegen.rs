//! Prints the whole UI contract as TypeScript; `cargo xtask codegen` puts it into `ui/src/generated/api.ts`.

use std::any::TypeId;

use ts_rs::{Config, TS, TypeVisitor};
use tutti_app::api::{Action, Snapshot};

const HEAD: &str = "// Written by `cargo xtask codegen` from crates/tutti-app/src/api.rs. Do not edit.\n";

fn main() {
    // 64-bit integers travel as JSON numbers.
    let config = Config::new().with_large_int("number");
    let mut types = Types { config: &config, seen: Vec::new(), text: HEAD.to_owned() };
    types.visit::<Snapshot>();
    types.visit::<Action>();
    print!("{}", types.text);
}

/// Every type that is reached, each declared once, a type before the types that it names.
struct Types<'a> {
    config: &'a Config,
    seen: Vec<TypeId>,
    text: String,
}

impl TypeVisitor for Types<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Types without a file of their own (numbers, strings, lists) need no declaration.
        if T::output_path().is_none() || self.seen.contains(&TypeId::of::<T>()) {
            return;
        }
        self.seen.push(TypeId::of::<T>());
        let docs = T::docs().unwrap_or_default();
        self.text.push_str(&format!("\n{}", laid_out(&format!("{docs}export {}", T::decl(self.config)))));
        T::visit_dependencies(self);
    }
}

/// Comments of one line on one line, and what is inside a declaration indented.
fn laid_out(declaration: &str) -> String {
    let text = declaration.replace("/**\n * ", "/** ").replace("\n */\n", " */\n");
    let mut inside = false;
    let mut laid_out = String::new();
    for line in text.lines() {
        laid_out.push_str(if inside { "  " } else { "" });
        laid_out.push_str(line.trim_end());
        laid_out.push('\n');
        inside |= line.starts_with("export ");
    }
    laid_out
}

//! Prints the whole UI contract as TypeScript; `cargo xtask codegen` puts it into `ui/src/generated/api.ts`.

use std::collections::BTreeMap;

use ts_rs::{Config, TS, TypeVisitor};
use tutti_app::api::{Action, Snapshot};

fn main() {
    // 64-bit integers travel as JSON numbers.
    let config = Config::new().with_large_int("number");
    let mut types = Types { config: &config, declarations: BTreeMap::new() };
    types.visit::<Snapshot>();
    types.visit::<Action>();
    println!("// Written by `cargo xtask codegen` from crates/tutti-app/src/api.rs. Do not edit.");
    for declaration in types.declarations.values() {
        print!("\n{declaration}");
    }
}

/// Every type that is reached, by its name: the derive names dependencies in an order of its own at each compilation.
struct Types<'a> {
    config: &'a Config,
    declarations: BTreeMap<String, String>,
}

impl TypeVisitor for Types<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Types without a file of their own (numbers, strings, lists) need no declaration.
        if T::output_path().is_none() || self.declarations.contains_key(&T::ident(self.config)) {
            return;
        }
        let declaration = format!("{}export {}", T::docs().unwrap_or_default(), T::decl(self.config));
        self.declarations.insert(T::ident(self.config), laid_out(&declaration));
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

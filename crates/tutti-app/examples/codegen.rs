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
        self.text.push_str(&format!("\n{docs}export {}\n", T::decl(self.config)));
        T::visit_dependencies(self);
    }
}

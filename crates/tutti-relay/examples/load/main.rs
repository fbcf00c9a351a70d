//! Measures the hub under load, beside the least that a hub can do, and Node's `ws`, if Node is here:
//! `cargo run --release -p tutti-relay --example load`.
//!
//! All in turn, as processes of their own, with the same clients. Prints figures as JSON. Linux only: memory and
//! processor time of another process come from /proc. `tutti-relay` is taken from beside the folder of the examples.

#[cfg(target_os = "linux")]
mod bare;
#[cfg(target_os = "linux")]
mod figures;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod peer;
#[cfg(target_os = "linux")]
mod rival;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod swarm;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("bare") => Ok(bare::serve("127.0.0.1:0".parse()?)?),
        _ => measure::all(&args),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this is measured on Linux only\n[]");
}

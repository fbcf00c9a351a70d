//! A relay in a runtime of its own, so that it can be ended at once, with all that it knows, and started again.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tutti_relay::listen::Plain;
use tutti_relay::{Config, serve};

pub struct Relay {
    pub port: u16,
    runtime: Option<Runtime>,
}

impl Relay {
    pub fn start() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let mut relay = Self { port: 0, runtime: None };
        relay.run(config);
        relay
    }

    /// By name, as relays are given: a relay comes back at its place, so nobody inherits its rooms.
    pub fn address(&self) -> String {
        format!("ws://localhost:{}", self.port)
    }

    /// Its connections break off; nobody is told anything.
    pub fn kill(&mut self) {
        let runtime = self.runtime.take().unwrap();
        std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(5))).join().unwrap();
    }

    /// At the same place, knowing nothing of before.
    pub fn again(&mut self) {
        self.run(Config::default());
    }

    fn run(&mut self, config: Config) {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        self.port = listener.local_addr().unwrap().port();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            serve(Plain(listener), config, std::future::pending()).await.unwrap();
        });
        self.runtime = Some(runtime);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

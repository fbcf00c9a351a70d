//! Whether the desktop has a tray, for as long as the program runs: panels come late, restart and die.

#[cfg(target_os = "linux")]
pub use followed::follow;

/// Tells whether there is a tray; elsewhere than on Linux there always is.
#[cfg(not(target_os = "linux"))]
pub async fn follow(mut told: impl FnMut(bool)) {
    told(true);
}

/// On Linux there is a tray where somebody watches for its icons and somebody shows them. Icons register by themselves with
/// whoever begins to watch.
#[cfg(target_os = "linux")]
mod followed {
    use std::time::Duration;

    use futures::stream::{Stream, StreamExt as _, once, select};
    use tokio::time::{Instant, timeout, timeout_at};
    use zbus::fdo::DBusProxy;
    use zbus::message::Type;
    use zbus::zvariant::OwnedValue;
    use zbus::{Connection, MatchRule, MessageStream};

    /// A panel that starts with the user's session may come so much later than a program that starts with it.
    pub const COMES: Duration = Duration::from_secs(20);
    /// A panel that is started again is back by then, and nobody is shown a window for it.
    pub const RESTARTS: Duration = Duration::from_secs(5);
    /// A session bus that answers nothing counts as one without a tray.
    const ANSWERS: Duration = Duration::from_secs(2);
    /// A panel that is busy with its own start is asked so often.
    const ASKED: usize = 5;

    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const PATH: &str = "/StatusNotifierWatcher";

    /// Tells whether there is a tray, and each time that it is otherwise, for as long as there is a session bus. One that is
    /// there is told at once; one that is not may yet come, and is waited for a while.
    pub async fn follow(told: impl FnMut(bool)) {
        let connected = async { looks(Connection::session().await?).await };
        match timeout(ANSWERS, connected).await {
            Ok(Ok(looks)) => lasting(looks, told).await,
            Ok(Err(error)) => {
                tracing::info!(%error, "no session bus, so no tray");
                lasting(futures::stream::empty(), told).await;
            }
            Err(_) => lasting(futures::stream::empty(), told).await,
        }
    }

    /// What of these looks lasts. With their end there is no tray, and there will be none.
    pub async fn lasting(looks: impl Stream<Item = bool>, mut told: impl FnMut(bool)) {
        let mut looks = std::pin::pin!(looks);
        let mut known = None;
        // When it is given up; only while it is missed.
        let mut until = None;
        loop {
            let look = match until {
                Some(until) => timeout_at(until, looks.next()).await,
                None => Ok(looks.next().await),
            };
            let there = match look {
                Ok(Some(false)) if known == Some(false) => continue,
                Ok(Some(false)) => {
                    let patience = if known.is_none() { COMES } else { RESTARTS };
                    until.get_or_insert_with(|| Instant::now() + patience);
                    continue;
                }
                Ok(Some(true)) => true,
                Ok(None) | Err(_) => false,
            };
            until = None;
            if known.replace(there) != Some(there) {
                told(there);
            }
            if look == Ok(None) {
                return;
            }
        }
    }

    /// Whether there is a tray, now and whenever that may have changed.
    pub async fn looks(bus: Connection) -> zbus::Result<impl Stream<Item = bool>> {
        let owners = DBusProxy::new(&bus).await?.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
        let rule = MatchRule::builder().msg_type(Type::Signal).interface(WATCHER)?.path(PATH)?.build();
        let signals = MessageStream::for_match_rule(rule, &bus, None).await?;
        let hosts = signals.filter_map(async |signal| {
            let signal = signal.ok()?;
            let member = signal.header().member()?.to_string();
            member.starts_with("StatusNotifierHost").then_some(())
        });
        let changes = select(owners.map(drop), hosts);
        Ok(once(std::future::ready(())).chain(changes).then(move |()| {
            let bus = bus.clone();
            async move {
                for _ in 0..ASKED {
                    if let Ok(there) = timeout(ANSWERS, is_there(&bus)).await {
                        return there.unwrap_or(false);
                    }
                }
                false
            }
        }))
    }

    async fn is_there(bus: &Connection) -> zbus::Result<bool> {
        if !DBusProxy::new(bus).await?.name_has_owner(WATCHER.try_into()?).await? {
            return Ok(false);
        }
        let (properties, asked) = ("org.freedesktop.DBus.Properties", (WATCHER, "IsStatusNotifierHostRegistered"));
        let answer = bus.call_method(Some(WATCHER), PATH, Some(properties), "Get", &asked).await;
        // Some watch and show in one, and do not say so.
        let shown = answer.and_then(|answer| Ok(answer.body().deserialize::<OwnedValue>()?.downcast_ref::<bool>()?));
        Ok(shown.unwrap_or(true))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use futures::channel::mpsc;
    use futures::stream::{Stream, StreamExt as _};
    use tokio::time::Instant;
    use zbus::Connection;
    use zbus::connection::Builder;

    use super::followed::{COMES, RESTARTS, lasting, looks};

    /// What was told, and when after the beginning.
    type Told = Arc<Mutex<Vec<(bool, Duration)>>>;

    /// Follows looks that the test makes.
    fn followed() -> (mpsc::UnboundedSender<bool>, Told, tokio::task::JoinHandle<()>) {
        let (look, looks) = mpsc::unbounded();
        let told = Told::default();
        let (tells, start) = (Arc::clone(&told), Instant::now());
        let task = tokio::spawn(lasting(looks, move |there| tells.lock().unwrap().push((there, start.elapsed()))));
        (look, told, task)
    }

    async fn pass(time: Duration) {
        tokio::time::sleep(time).await;
    }

    const SOON: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_tray_that_comes_after_the_program_is_waited_for_and_never_missed() {
        let (look, told, _task) = followed();
        look.unbounded_send(false).unwrap();
        pass(COMES - SOON).await;
        assert_eq!(*told.lock().unwrap(), []);
        look.unbounded_send(true).unwrap();
        pass(COMES * 2).await;

        assert_eq!(*told.lock().unwrap(), [(true, COMES - SOON)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_desktop_without_a_tray_is_told_after_a_while_and_once_and_one_that_gets_it_at_once() {
        let (look, told, _task) = followed();
        for _ in 0..3 {
            look.unbounded_send(false).unwrap();
            pass(COMES / 2).await;
        }
        assert_eq!(*told.lock().unwrap(), [(false, COMES)]);
        look.unbounded_send(true).unwrap();
        pass(SOON).await;

        assert_eq!(told.lock().unwrap().last(), Some(&(true, COMES / 2 * 3)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panel_that_is_started_again_is_not_told_and_one_that_died_is() {
        let (look, told, _task) = followed();
        for there in [true, false, true] {
            look.unbounded_send(there).unwrap();
            pass(RESTARTS - SOON).await;
        }
        assert_eq!(*told.lock().unwrap(), [(true, Duration::ZERO)]);
        look.unbounded_send(false).unwrap();
        pass(RESTARTS * 2).await;

        let gone = (RESTARTS - SOON) * 3 + RESTARTS;
        assert_eq!(*told.lock().unwrap(), [(true, Duration::ZERO), (false, gone)]);
    }

    #[tokio::test(start_paused = true)]
    async fn with_the_session_bus_the_tray_is_gone_for_good() {
        let (look, told, task) = followed();
        look.unbounded_send(true).unwrap();
        drop(look);
        task.await.unwrap();

        assert_eq!(*told.lock().unwrap(), [(true, Duration::ZERO), (false, Duration::ZERO)]);
    }

    /// A session bus of its own.
    struct Bus {
        daemon: Child,
        address: String,
    }

    impl Bus {
        /// None where the program is not installed.
        fn open() -> Option<Self> {
            let mut daemon = Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .ok()?;
            let mut address = String::new();
            BufReader::new(daemon.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
            Some(Self { daemon, address: address.trim().to_owned() })
        }

        async fn connect(&self) -> Connection {
            Builder::address(self.address.as_str()).unwrap().build().await.unwrap()
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
    }

    /// A watcher that may have a host.
    struct Watcher(Arc<AtomicBool>);

    #[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
    impl Watcher {
        #[zbus(property)]
        fn is_status_notifier_host_registered(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }

        #[zbus(signal)]
        async fn status_notifier_host_registered(emitter: &zbus::object_server::SignalEmitter<'_>) -> zbus::Result<()>;

        #[zbus(signal)]
        async fn status_notifier_host_unregistered(
            emitter: &zbus::object_server::SignalEmitter<'_>,
        ) -> zbus::Result<()>;
    }

    /// A watcher that does not say whether it has a host.
    struct Silent;

    #[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
    impl Silent {
        fn register_status_notifier_host(&self, _service: &str) {}
    }

    const NAME: &str = "org.kde.StatusNotifierWatcher";
    const PATH: &str = "/StatusNotifierWatcher";

    /// The first look that is as awaited; others before it are of states in between.
    async fn until(there: bool, looks: &mut (impl Stream<Item = bool> + Unpin)) {
        let seen = async { while looks.next().await.unwrap() != there {} };
        tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap();
    }

    #[tokio::test]
    async fn on_a_bus_a_watcher_and_its_host_are_seen_to_come_and_go() {
        let Some(bus) = Bus::open() else {
            eprintln!("no dbus-daemon: not tested");
            return;
        };
        let mut looks = std::pin::pin!(looks(bus.connect().await).await.unwrap());
        assert_eq!(looks.next().await, Some(false), "nobody watches");

        let host = Arc::new(AtomicBool::new(true));
        let panel = bus.connect().await;
        panel.object_server().at(PATH, Watcher(Arc::clone(&host))).await.unwrap();
        panel.request_name(NAME).await.unwrap();
        until(true, &mut looks).await;

        let watcher = panel.object_server().interface::<_, Watcher>(PATH).await.unwrap();
        host.store(false, Ordering::Relaxed);
        watcher.status_notifier_host_unregistered().await.unwrap();
        until(false, &mut looks).await;
        host.store(true, Ordering::Relaxed);
        watcher.status_notifier_host_registered().await.unwrap();
        until(true, &mut looks).await;

        panel.close().await.unwrap();
        until(false, &mut looks).await;
        // Who does not say whether there is a host has one.
        let panel = bus.connect().await;
        panel.object_server().at(PATH, Silent).await.unwrap();
        panel.request_name(NAME).await.unwrap();
        until(true, &mut looks).await;

        drop(bus);
        until_end(&mut looks).await;
    }

    /// Without a bus nothing comes any more.
    async fn until_end(looks: &mut (impl Stream<Item = bool> + Unpin)) {
        let over = async { while looks.next().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(20), over).await.unwrap();
    }
}

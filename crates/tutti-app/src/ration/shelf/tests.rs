//! Files that others write to, tear, rewrite or forbid.
#![allow(clippy::unwrap_used)]

use tutti_core::limit::Class;

use super::*;

const WALL_MS: i64 = 1_800_000_000_000;

#[test]
fn what_others_add_is_news_once_and_what_was_added_here_never() {
    let folder = tempfile::tempdir().unwrap();
    let (mut here, mut there) = (shelf(&folder), shelf(&folder));
    here.open().unwrap().add(&[made(1)], false).unwrap();
    there.open().unwrap().add(&[made(2), wait()], true).unwrap();

    let news = here.open().unwrap();
    assert_eq!((news.news.clone(), news.afresh), (vec![made(2), wait()], false));
    drop(news);
    assert_eq!(here.open().unwrap().news, []);
}

#[test]
fn a_torn_line_costs_itself_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut here, mut there) = (shelf(&folder), shelf(&folder));
    here.open().unwrap().add(&[made(1)], false).unwrap();
    append(&folder, b"w 1800000000000 18000");

    there.open().unwrap().add(&[made(2)], false).unwrap();
    append(&folder, b"\xff\x00 foreign\nr 12x\n");
    there.open().unwrap().add(&[made(3)], false).unwrap();

    assert_eq!(here.open().unwrap().news, [made(2), made(3)]);
    assert_eq!(shelf(&folder).open().unwrap().news, [made(1), made(2), made(3)]);
}

#[test]
fn a_rewritten_file_is_noticed_and_read_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let (mut here, mut there) = (shelf(&folder), shelf(&folder));
    for ms in 0..3_000 {
        here.open().unwrap().add(&[made(ms)], false).unwrap();
    }
    there.open().unwrap();
    let mut opened = there.open().unwrap();
    assert!(opened.is_long(400) && !opened.is_long(600));
    opened.rewrite(&[made(2_999)]).unwrap();
    drop(opened);
    there.open().unwrap().add(&[made(3_000)], false).unwrap();

    let opened = here.open().unwrap();
    assert_eq!((opened.news.clone(), opened.afresh), (vec![made(2_999), made(3_000)], true));
    assert!(!opened.is_long(1));
}

#[test]
fn the_ledger_as_it_was_before_is_taken_over_once() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("ledger-x.json");
    std::fs::write(&old, format!(r#"{{"version":1,"first_ms":{WALL_MS},"then_ms":[4],"wait":null}}"#)).unwrap();

    assert_eq!(shelf(&folder).open().unwrap().news, [made(0), made(4)]);

    assert!(!old.exists());
    assert_eq!(shelf(&folder).open().unwrap().news, [made(0), made(4)]);
}

#[test]
fn a_file_of_something_else_is_added_to_and_read_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ledger-x.log"), "not a ledger").unwrap();
    let mut here = shelf(&folder);
    here.open().unwrap().add(&[made(1)], false).unwrap();
    here.open().unwrap().add(&[made(2)], false).unwrap();

    assert_eq!(shelf(&folder).open().unwrap().news, [made(1), made(2)]);
}

#[test]
fn a_lock_that_nobody_lets_go_is_waited_for_a_quarter_of_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let (mut here, mut there) = (shelf(&folder), shelf(&folder));
    let held = there.open().unwrap();
    let begun = Instant::now();

    let refused = here.open().map(|_| ()).unwrap_err();

    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    assert!(begun.elapsed() >= DISK_WITHIN);
    drop(held);
    here.open().unwrap();
}

fn shelf(folder: &tempfile::TempDir) -> Shelf {
    Shelf::new(folder.path().join("ledger-x.log"))
}

fn append(folder: &tempfile::TempDir, bytes: &[u8]) {
    let mut file = File::options().append(true).open(folder.path().join("ledger-x.log")).unwrap();
    file.write_all(bytes).unwrap();
}

fn made(after_ms: i64) -> Line {
    Line::Made { class: Class::Read, at_ms: WALL_MS + after_ms }
}

fn wait() -> Line {
    Line::Wait { since_ms: WALL_MS, until_ms: WALL_MS + 900_000, quota: true }
}

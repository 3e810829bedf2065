//! What a rehearsal says of what its clients noted: gaps, failures and losses, each in its stage.

use std::collections::BTreeSet;
use std::time::Duration;

use etcd::KeyValue;
use model::error::Exit;
use operations::event::Event;
use rehearsal::{
    Answered, FailedTry, GivenUp, History, Keys, Measurement, Stage, Subject, TimedEvent, Track,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Writes that are acknowledged at these times, in milliseconds.
fn track(client: &'static str, times: impl IntoIterator<Item = u64>) -> Track {
    let answered = times.into_iter().enumerate().map(|(number, at)| Answered {
        number: number as u64,
        began: ms(at.saturating_sub(2)),
        at: ms(at),
        tries: 1,
    });
    Track { client, answered: answered.collect(), ..Track::default() }
}

fn stage_at(at: u64, name: &'static str) -> TimedEvent {
    TimedEvent { at: ms(at), event: Event::Stage { name, what: format!("what {name} does") } }
}

/// A second without anything, then two stages of a second.
fn history(writer: Track) -> History {
    History {
        steady: ms(5),
        ended: ms(3000),
        events: vec![stage_at(1000, "first"), stage_at(2000, "second")],
        writers: vec![writer],
        reader: track("reader", (5..3000).step_by(5)),
        stale_reads: Vec::new(),
    }
}

fn measured(history: History, found: &[BTreeSet<u64>]) -> Measurement {
    let subject =
        Subject { members: vec!["node1".to_owned()], key: "p256".to_owned(), etcd: "3.7.3".to_owned() };
    Measurement::new(subject, OffsetDateTime::UNIX_EPOCH, history, found)
}

fn everything(history: &History) -> Vec<BTreeSet<u64>> {
    let numbers = |track: &Track| track.answered.iter().map(|write| write.number).collect();
    history.writers.iter().map(numbers).collect()
}

fn whole(history: History) -> Measurement {
    let found = everything(&history);
    measured(history, &found)
}

fn gaps(stages: &[Stage]) -> Vec<(&'static str, u128)> {
    stages.iter().map(|stage| (stage.name, stage.writers[0].longest_gap.as_millis())).collect()
}

#[test]
fn the_longest_gap_of_each_stage_is_found() {
    let times = (5..3000).step_by(5).filter(|at| !(1500..1620).contains(at));
    let measured = whole(history(track("writer", times)));
    assert_eq!(gaps(&measured.stages), [("before", 5), ("first", 125), ("second", 5)]);
    let first = &measured.stages[1];
    assert_eq!((first.began, first.ended), (ms(1000), ms(2000)));
    assert_eq!(first.writers[0].gap_began, ms(1495));
    let writes: usize = measured.stages.iter().map(Stage::writes).sum();
    assert_eq!(writes, measured.writes());
    measured.judge().expect("nothing is lost");
}

#[test]
fn the_longest_gap_is_rated_against_the_goal_and_what_the_machine_costs() {
    // 100 ms while nothing was done, which rates nothing; then one of the goal's length, and the same again.
    let away = |at: &u64| (505..600).contains(at) || (1505..1650).contains(at) || (2505..2650).contains(at);
    let times: Vec<u64> = (5..3000).step_by(5).filter(|at| !away(at)).collect();
    let measured = whole(history(track("round robin", times.iter().copied())));
    let goal = measured.against_goal().expect("stages");
    assert_eq!(
        (goal.client, goal.stage, goal.longest, goal.before),
        ("round robin", "first", ms(150), ms(100))
    );
    assert!(goal.is_met());

    let measured = whole(history(track("round robin", times.into_iter().filter(|at| *at != 2650))));
    let goal = measured.against_goal().expect("stages");
    assert_eq!((goal.stage, goal.is_met()), ("second", false));
    measured.judge().expect("a long gap harms nobody");
    let told = "longest gap, round robin: 155 ms in second; goal, at most 150 ms: missed; while nothing was \
                done: 100 ms";
    assert!(measured.text().contains(told), "{}", measured.text());
    assert!(measured.html().contains(told));
    let report = serde_json::to_value(measured.json()).expect("JSON");
    assert_eq!((&report["passed"], &report["goal"]["met"]), (&Value::Bool(true), &Value::Bool(false)));
    assert_eq!(report["goal"]["longest_gap_seconds"], 0.155);

    let mut nothing = history(track("round robin", (5..3000).step_by(5)));
    nothing.events.clear();
    assert_eq!(whole(nothing).against_goal(), None);
}

/// Nobody can tell which of the two brought it about.
#[test]
fn a_gap_over_a_border_counts_for_both_stages() {
    let times = (5..3000).step_by(5).filter(|at| !(1900..2100).contains(at));
    let measured = whole(history(track("writer", times)));
    assert_eq!(gaps(&measured.stages), [("before", 5), ("first", 205), ("second", 205)]);
}

#[test]
fn a_writer_that_is_answered_no_more_has_a_gap_to_the_end() {
    let mut history = history(track("writer", (5..1000).step_by(5)));
    history.writers[0].given_up.push(GivenUp { number: 199, at: ms(2990) });
    let measured = whole(history);
    assert_eq!(gaps(&measured.stages), [("before", 2005), ("first", 2005), ("second", 2005)]);
    let failure = measured.judge().expect_err("a write failed");
    assert_eq!(failure.exit, Exit::Unavailable);
    assert!(
        failure.to_string().contains("1 of 200 writes were tried until their time was over"),
        "{failure}"
    );
}

#[test]
fn the_time_until_the_first_answer_is_nobodys() {
    let mut history = history(track("writer", (900..3000).step_by(5)));
    history.steady = ms(900);
    assert_eq!(gaps(&whole(history).stages), [("before", 5), ("first", 5), ("second", 5)]);
}

#[test]
fn an_acknowledged_write_that_is_not_there_is_lost_in_its_stage() {
    let history = history(track("writer", (5..3000).step_by(5)));
    let mut found = everything(&history);
    let dropped =
        history.writers[0].answered.iter().find(|write| write.at > ms(2500)).expect("a write").number;
    assert!(found[0].remove(&dropped));
    let measured = measured(history, &found);
    let lost: Vec<usize> = measured.stages.iter().map(|stage| stage.writers[0].lost).collect();
    assert_eq!((lost, measured.lost_writes()), (vec![0, 0, 1], 1));
    let failure = measured.judge().expect_err("a write is lost");
    assert!(failure.to_string().contains("1 of 599 writes were acknowledged and are not there"), "{failure}");
    assert!(measured.text().contains("the clients were harmed"), "{}", measured.text());
}

#[test]
fn a_writer_of_which_nothing_was_found_has_lost_everything() {
    let measured = measured(history(track("writer", (5..3000).step_by(5))), &[]);
    assert_eq!(measured.lost_writes(), measured.writes());
}

#[test]
fn a_key_counts_only_with_the_value_that_was_written() {
    let keys = Keys::new("run", "writer");
    let pair = |key: Vec<u8>, value: Vec<u8>| KeyValue { key, value, ..KeyValue::default() };
    assert_eq!(keys.number_of(&pair(keys.key(7), keys.value(7))), Some(7));
    assert_eq!(keys.number_of(&pair(keys.key(7), keys.value(8))), None);
    assert_eq!(keys.number_of(&pair(keys.key(7), Vec::new())), None);
    assert_eq!(keys.number_of(&pair(Keys::new("run", "other").key(7), keys.value(7))), None);
    assert_eq!(keys.number_of(&pair(b"zone-etcd-rehearsal/run/writer/7".to_vec(), keys.value(7))), None);
    for number in [0, 9, 10, u64::MAX] {
        assert!(keys.first() < keys.key(number) && keys.key(number) < keys.end());
    }
    assert!(keys.key(9) < keys.key(10), "pages are read in order");
}

#[test]
fn tries_that_failed_are_told_with_whom_and_why() {
    let mut history = history(track("writer", (5..3000).step_by(5)));
    history.writers[0].answered[300].tries = 3;
    let why = "tcp connect error".to_owned();
    history.writers[0].failed_tries.push(FailedTry { at: ms(1500), node: "node2".to_owned(), why });
    history.stale_reads.push(ms(2500));
    let measured = whole(history);
    assert_eq!(measured.stages[1].writers[0].retried, 1);
    assert!(measured.judge().expect_err("a read of the past").to_string().contains("1 of 599 reads"));
    let report = serde_json::to_value(measured.json()).expect("JSON");
    assert_eq!(
        report["failed_tries"],
        json!([{"at_seconds": 1.495, "client": "writer", "node": "node2", "why": "tcp connect error"}])
    );
    assert_eq!((&report["stale_reads"], &report["passed"]), (&json!(1), &Value::Bool(false)));
    assert_eq!(report["stages"][2]["reader"]["lost"], 1);
}

/// A history with an event of every kind.
fn eventful() -> History {
    let mut history = history(track("writer", (5..3000).step_by(5)));
    for (at, event) in [
        (1100, Event::LeaderMoved { from: "node1".to_owned(), to: "node2".to_owned() }),
        (1200, Event::Restarting { node: "node1".to_owned() }),
        (1900, Event::Restarted { node: "node1".to_owned(), took: ms(700) }),
        (2100, Event::Issued { holder: "client/admin".to_owned() }),
    ] {
        history.events.push(TimedEvent { at: ms(at), event });
    }
    history
}

#[test]
fn programs_read_every_event() {
    let report = serde_json::to_value(whole(eventful()).json()).expect("JSON");
    let events: Vec<&str> = report["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    assert_eq!(events, ["leader_moved", "restarting", "restarted", "issued"]);
    assert_eq!(report["events"][2]["took_seconds"], 0.7);
    let names: Vec<&str> = report["stages"]
        .as_array()
        .expect("stages")
        .iter()
        .filter_map(|stage| stage["name"].as_str())
        .collect();
    assert_eq!(names, ["before", "first", "second"]);
    assert_eq!(report["zone"], json!({"members": ["node1"], "key": "p256", "etcd": "3.7.3"}));
}

/// The names of the elements that are open at each point of a page; panics where one is closed that is not.
#[track_caller]
fn assert_well_formed(page: &str) {
    let mut open = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>\n").expect("a document type");
    while let Some((text, tag)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a `>` outside a tag: {text}");
        let entities = text.match_indices('&').all(|(at, _)| {
            ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].iter().any(|entity| text[at..].starts_with(entity))
        });
        assert!(entities, "a bare `&`: {text}");
        let (inside, after) = tag.split_once('>').expect("a tag that ends");
        assert_eq!(inside.matches('"').count() % 2, 0, "a quote in <{inside}>");
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "in {page}");
        } else if !inside.ends_with('/') {
            open.push(inside.split([' ', '\n']).next().expect("a name"));
        }
        rest = after;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} is open, and {rest:?} is left");
}

#[test]
fn a_browser_gets_one_file_that_is_well_formed() {
    let mut history = eventful();
    let evil = "<script>alert('&\"')</script>\u{0}";
    for node in ["node1", evil] {
        history.writers[0].failed_tries.push(FailedTry {
            at: ms(1500),
            node: node.to_owned(),
            why: evil.to_owned(),
        });
    }
    history
        .events
        .push(TimedEvent { at: ms(2500), event: Event::Stage { name: "third", what: evil.to_owned() } });
    history.events.push(TimedEvent {
        at: ms(2600),
        event: Event::LeaderMoved { from: evil.to_owned(), to: "node1".to_owned() },
    });
    let subject = Subject {
        members: vec!["node1".to_owned(), evil.to_owned()],
        key: "p256".to_owned(),
        etcd: "3.7.3".to_owned(),
    };
    let found = everything(&history);
    let page = Measurement::new(subject, OffsetDateTime::UNIX_EPOCH, history, &found).html();
    assert_well_formed(&page);
    assert!(!page.contains("<script") && !page.contains('\0'), "{page}");
    for elsewhere in ["http", "src=", "url(", "@import", "href="] {
        assert!(!page.contains(elsewhere), "the page asks for something else: {elsewhere}");
    }
    for text in [
        "no acknowledged write is lost",
        "class=\"away\"",
        "class=\"leader\"",
        "third",
        "prefers-color-scheme: dark",
    ] {
        assert!(page.contains(text), "no {text} in {page}");
    }
}

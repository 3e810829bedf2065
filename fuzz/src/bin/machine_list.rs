//! A list of machines: nodes with the lines that they are on, and every problem of the others.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::config::read_machine_list;

fuzz_target!(|text: &str| {
    let (machines, problems) = read_machine_list(text);
    let lines = 1..=text.lines().count();
    assert!(machines.is_sorted_by_key(|machine| machine.line));
    for machine in &machines {
        assert!(lines.contains(&machine.line));
        assert!(!machine.node.name.is_empty() && machine.node.address.is_some());
        assert!(machine.node.names.iter().all(|name| !name.is_empty()));
    }
    for problem in &problems {
        assert!(problem.location.is_some_and(|location| lines.contains(&location.line)));
    }
});

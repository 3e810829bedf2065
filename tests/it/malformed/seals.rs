//! Bundles in seals that are not those of a bundle.

use super::sound::{PASSPHRASE, sealed};
use super::{Expected, Refused, Row, Taken, row};

const CHANGED: Expected = Refused(65, "it was cut off or changed after it was made");
/// The first line of every age file, and a recipient as a passphrase has it.
const HEAD: &str = "age-encryption.org/v1\n";
const SALT: &str = "YWFhYWFhYWFhYWFhYWFhYQ";
const KEY: &str = "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI";

pub fn rows() -> Vec<Row> {
    vec![
        row("sealed as it should be", Taken, |sound| sealed(&sound.next, PASSPHRASE)),
        row("with another passphrase", Refused(77, "the passphrase is not the one"), |sound| {
            sealed(&sound.next, "incorrect horse battery staple")
        }),
        row("to a key, and there is none", Refused(66, "no identity was given"), |sound| {
            let key = age::x25519::Identity::generate().to_public();
            age::encrypt(&key, &sound.next).expect("it is sealed")
        }),
        row("in ASCII armor", Refused(65, "ASCII armor"), |_| {
            format!("-----BEGIN AGE ENCRYPTED FILE-----\n{KEY}\n").into_bytes()
        }),
        row("sealed, of nothing", Refused(65, "it is cut off"), |_| sealed(&[], PASSPHRASE)),
        row("sealed twice", CHANGED, |sound| sealed(&sealed(&sound.next, PASSPHRASE), PASSPHRASE)),
        row("sealed, of something else", CHANGED, |_| sealed(b"hello", PASSPHRASE)),
        row("sealed, and cut in the head", Refused(65, "it is cut off"), |sound| {
            sealed(&sound.next, PASSPHRASE)[..60].to_vec()
        }),
        row("sealed, and cut behind the head", Refused(65, "cut off"), |sound| {
            sealed(&sound.next, PASSPHRASE)[..200].to_vec()
        }),
        row("sealed, and cut at the end", Refused(65, "cut off"), |sound| {
            let whole = sealed(&sound.next, PASSPHRASE);
            whole[..whole.len() - 1].to_vec()
        }),
        row("sealed, and changed at the end", CHANGED, |sound| {
            let mut whole = sealed(&sound.next, PASSPHRASE);
            if let Some(last) = whole.last_mut() {
                *last ^= 1;
            }
            whole
        }),
        row("a work factor of 21", Refused(65, "takes a work factor of 21, and at most 20"), |_| {
            with_factor("21")
        }),
        row("a work factor of 255", Refused(65, "takes a work factor of 255"), |_| with_factor("255")),
        row("a work factor of 256", CHANGED, |_| with_factor("256")),
        row("a work factor of 0", CHANGED, |_| with_factor("0")),
        row("a work factor below 0", CHANGED, |_| with_factor("-1")),
        row("version 2 of age", Refused(65, "a format of age that this program does not know"), |_| {
            format!("age-encryption.org/v2\n-> scrypt {SALT} 2\n{KEY}\n--- {KEY}\n").into_bytes()
        }),
        // Age reads its head again with every piece that arrives: this took minutes.
        row("a head of a million recipients", Refused(65, "its seal is longer than any"), |_| {
            (HEAD.to_owned() + &"-> x y\n\n".repeat(1_000_000)).into_bytes()
        }),
        row("a recipient of some megabytes", Refused(65, "its seal is longer than any"), |_| {
            (HEAD.to_owned() + "-> x y\n" + &format!("{}\n", "A".repeat(64)).repeat(100_000)).into_bytes()
        }),
        row("a line of some megabytes", Refused(65, "its seal is longer than any"), |_| {
            (HEAD.to_owned() + "-> X25519 " + &"A".repeat(8 << 20)).into_bytes()
        }),
    ]
}

fn with_factor(factor: &str) -> Vec<u8> {
    format!("{HEAD}-> scrypt {SALT} {factor}\n{KEY}\n--- {KEY}\nand more that nobody reads").into_bytes()
}

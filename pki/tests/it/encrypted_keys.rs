//! Keys under a passphrase: OpenSSL reads what is written, what OpenSSL writes is read, and a wrong
//! passphrase is told apart from a damaged file.

use pkcs8::LineEnding;
use zone_pki::encrypted_key::{DecryptError, decrypt, encrypt, is_encrypted};
use zone_pki::{KeyAlgorithm, KeyError, PrivateKey};

use crate::support::Files;

const RIGHT: &str = "correct horse battery staple";

/// What OpenSSL writes with these options, after `pkcs8 -topk8 -in key.pem -out locked.pem`.
#[track_caller]
fn by_openssl(options: &str) -> (PrivateKey, Vec<u8>) {
    let files = Files::new();
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    files.write_key("key.pem", &key);
    files.write("pass", RIGHT);
    files.openssl(&format!("pkcs8 -topk8 -in key.pem -out locked.pem -passout file:pass {options}"));
    (key, files.read("locked.pem"))
}

/// One that is opened in no time: what is flipped in it shows thousands of times.
fn quick() -> (PrivateKey, Vec<u8>) {
    by_openssl("-v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 1")
}

#[test]
fn openssl_reads_what_is_written_for_every_kind_of_key() {
    for algorithm in KeyAlgorithm::ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        let text = encrypt(&key, RIGHT).unwrap();
        assert!(is_encrypted(text.as_bytes()));
        assert!(!is_encrypted(key.to_pem().as_bytes()));
        assert_eq!(decrypt(text.as_bytes(), RIGHT).unwrap().pkcs8_der(), key.pkcs8_der());

        let files = Files::new();
        files.write("locked.pem", &text);
        files.write("pass", RIGHT);
        files.write("wrong", "another");
        files.openssl("pkey -in locked.pem -passin file:pass -out opened.pem");
        let opened = PrivateKey::from_pem(&files.read("opened.pem")).unwrap();
        assert_eq!(opened.subject_public_key_info(), key.subject_public_key_info(), "{algorithm}");
        let (opened, _) = files.try_openssl("pkey -in locked.pem -passin file:wrong -noout");
        assert!(!opened, "{algorithm}: a wrong passphrase opened it");
    }
}

#[test]
fn what_is_written_has_the_promised_costs_and_is_different_each_time() {
    let files = Files::new();
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let text = encrypt(&key, RIGHT).unwrap();
    files.write("locked.pem", &text);
    let structure = files.openssl("asn1parse -in locked.pem");
    for part in ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", "INTEGER           :0927C0"] {
        assert!(structure.contains(part), "no {part} in {structure}");
    }
    assert_ne!(text, encrypt(&key, RIGHT).unwrap());
}

#[test]
fn what_openssl_writes_is_read() {
    for options in [
        "",
        "-v2 aes-256-cbc",
        "-v2 aes-192-cbc",
        "-v2 aes-128-cbc",
        "-v2 aes-256-cbc -v2prf hmacWithSHA1",
        "-v2 aes-256-cbc -v2prf hmacWithSHA384",
        "-v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 1000000",
        "-scrypt",
        "-v2 aes-256-cbc -scrypt -scrypt_N 16384 -scrypt_r 8 -scrypt_p 2",
    ] {
        let (key, text) = by_openssl(options);
        let opened = decrypt(&text, RIGHT).unwrap_or_else(|error| panic!("{options}: {error}"));
        assert_eq!(opened.pkcs8_der(), key.pkcs8_der(), "{options}");
        assert_eq!(decrypt(&text, "wrong").unwrap_err(), DecryptError::Passphrase, "{options}");
    }
}

#[test]
fn what_is_not_read_is_named() {
    let legacy = by_openssl("-v1 PBE-SHA1-3DES -provider default -provider legacy").1;
    for (text, name) in [
        (by_openssl("-v2 des3").1, "DES-EDE3-CBC"),
        (by_openssl("-v2 camellia-256-cbc").1, "CAMELLIA-256-CBC"),
        (by_openssl("-v2 aes-256-cbc -v2prf hmacWithSHA224").1, "1.2.840.113549.2.8"),
        (legacy, "PBE-SHA1-3DES"),
    ] {
        let expected = DecryptError::Unsupported { algorithm: name.to_owned() };
        assert_eq!(decrypt(&text, RIGHT).unwrap_err(), expected);
    }
    let files = Files::new();
    files.write("pass", RIGHT);
    files.openssl("ecparam -name prime256v1 -genkey -noout -out key.pem");
    files.openssl("ec -in key.pem -aes256 -passout file:pass -out old.pem");
    let error = decrypt(&files.read("old.pem"), RIGHT).unwrap_err();
    assert!(error.to_string().contains("RFC 1421"), "{error}");
}

#[test]
fn costs_that_no_honest_file_has_are_refused_at_once() {
    let started = std::time::Instant::now();
    let (_, text) = quick();
    // The iteration count grows from one byte to four: every length above it grows as well.
    let der = with_iterations(&der_of(&text), 2_000_000_000);
    let error = decrypt(pem_of(&der).as_bytes(), RIGHT).unwrap_err();
    assert!(matches!(error, DecryptError::Cost { .. }), "{error}");
    assert!(error.to_string().contains("2000000000 iterations"), "{error}");

    // N = 16384, r = 8, p = 1 is 16 MiB.
    let (_, text) = by_openssl("-v2 aes-256-cbc -scrypt -scrypt_N 16384 -scrypt_r 8 -scrypt_p 1");
    let written = [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01];
    let scrypt = |changes: &[(usize, u8)]| {
        let mut der = der_of(&text);
        let at = der.windows(written.len()).position(|window| window == written).unwrap();
        changes.iter().for_each(|(offset, byte)| der[at + offset] = *byte);
        decrypt(pem_of(&der).as_bytes(), RIGHT).unwrap_err()
    };
    let too_much_memory = scrypt(&[(6, 0x7f)]);
    assert!(too_much_memory.to_string().contains("254 MiB of memory"), "{too_much_memory}");
    let too_much_work = scrypt(&[(9, 0x7f)]);
    assert!(too_much_work.to_string().contains("2032 MiB gone through"), "{too_much_work}");
    // Contradictions, which a careless reader would panic at.
    for cost in [[0x00, 0x00], [0x00, 0x01], [0x40, 0x01]] {
        let error = scrypt(&[(2, cost[0]), (3, cost[1])]);
        assert!(matches!(error, DecryptError::Damaged { .. }), "{cost:?}: {error}");
    }
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn a_file_that_is_cut_is_damaged_at_every_length() {
    let (_, text) = quick();
    let end = text.trim_ascii_end().len();
    for length in 1..end {
        let error = decrypt(&text[..length], RIGHT).unwrap_err();
        assert_ne!(error, DecryptError::Passphrase, "cut at {length}");
    }
    let der = der_of(&text);
    for length in 0..der.len() {
        let error = decrypt(pem_of(&der[..length]).as_bytes(), RIGHT).unwrap_err();
        assert!(!matches!(error, DecryptError::Passphrase), "cut at {length}: {error}");
    }
}

/// Every bit of the file: never another key, never a panic, and only damage that cannot be told from a wrong
/// passphrase is called one.
#[test]
fn a_flipped_bit_is_seen_wherever_it_is() {
    let (key, text) = quick();
    let der = der_of(&text);
    let sealed = der.len() - sealed_length(&der);
    let salt = der.windows(2).position(|window| window == [0x04, 0x08]).unwrap();
    let salt = salt + 2..salt + 10;
    let mut called_wrong = 0;
    for bit in 0..der.len() * 8 {
        let mut flipped = der.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match decrypt(pem_of(&flipped).as_bytes(), RIGHT) {
            // A few bits carry nothing, such as those in the name of a parameter that is left out.
            Ok(opened) => assert_eq!(opened.pkcs8_der(), key.pkcs8_der(), "bit {bit}"),
            Err(DecryptError::Passphrase) => {
                called_wrong += 1;
                assert!(bit / 8 < sealed, "bit {bit} of the encrypted part");
            }
            Err(_) => assert!(!salt.contains(&(bit / 8)), "bit {bit} of the salt"),
        }
    }
    // The salt, and what says how often and by which function it is hashed.
    assert!((64..140).contains(&called_wrong), "{called_wrong}");
}

#[test]
fn other_files_are_told_apart() {
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let clear = decrypt(key.to_pem().as_bytes(), RIGHT).unwrap_err();
    assert!(matches!(clear, DecryptError::Key(_)), "{clear}");
    assert_eq!(decrypt(b"", RIGHT).unwrap_err(), DecryptError::Key(KeyError::Empty));
    let (_, text) = quick();
    let twice = [text.clone(), text].concat();
    assert_eq!(decrypt(&twice, RIGHT).unwrap_err(), DecryptError::Key(KeyError::Several));
}

fn der_of(text: &[u8]) -> Vec<u8> {
    pkcs8::der::pem::decode_vec(text).unwrap().1
}

fn pem_of(der: &[u8]) -> String {
    pkcs8::der::pem::encode_string("ENCRYPTED PRIVATE KEY", LineEnding::LF, der).unwrap()
}

/// The length of the last element, which is the encrypted part of a P-256 key: 144 bytes.
fn sealed_length(der: &[u8]) -> usize {
    assert_eq!(der[der.len() - 147..der.len() - 144], [0x04, 0x81, 0x90]);
    144
}

/// Replaces the iteration count 1 by a larger one, with the lengths of all that it lies in.
fn with_iterations(der: &[u8], iterations: u32) -> Vec<u8> {
    let salt = der.windows(2).position(|window| window == [0x04, 0x08]).unwrap();
    let at = salt + 10;
    assert_eq!(der[at..at + 3], [0x02, 0x01, 0x01]);
    let mut grown = der.to_vec();
    grown.splice(at..at + 3, [[0x02, 0x04].as_slice(), &iterations.to_be_bytes()].concat());
    // The outermost length has two bytes, those inside one each: scheme, PBES2 parameters, derivation, its
    // parameters.
    let scheme = 3;
    assert_eq!((grown[0], grown[1]), (0x30, 0x81));
    grown[2] += 3;
    let parameters = scheme + 2 + 11;
    let derivation = parameters + 2;
    let derivation_parameters = derivation + 2 + 11;
    for sequence in [scheme, parameters, derivation, derivation_parameters] {
        assert_eq!(grown[sequence], 0x30);
        grown[sequence + 1] += 3;
    }
    grown
}

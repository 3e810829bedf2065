//! Ids of members and clusters, as etcd computes them. The values were read from clusters that ran.

use model::plan::{EtcdId, cluster_id, member_id};

#[track_caller]
fn check(urls: &[&str], token: &str, members: &[u64], cluster: u64) {
    let ids: Vec<EtcdId> = urls.iter().map(|url| member_id(&[url], token)).collect();
    assert_eq!(ids, members.iter().copied().map(EtcdId).collect::<Vec<_>>(), "{urls:?}");
    assert_eq!(cluster_id(ids.iter().copied()), EtcdId(cluster), "{urls:?}");
    // The order of the members makes no difference.
    assert_eq!(cluster_id(ids.into_iter().rev()), EtcdId(cluster));
}

#[test]
fn they_are_those_that_etcd_gives() {
    check(&["https://127.0.0.1:12300"], "tok", &[0xeccc_0759_32d8_4184], 0x7e49_5abc_2db7_a8fa);
    check(
        &["https://127.0.0.1:12300", "https://127.0.0.1:12310", "https://127.0.0.1:12320"],
        "tok",
        &[0xeccc_0759_32d8_4184, 0x653b_e3aa_e1b4_6eee, 0xf60e_e8d7_3b18_e6fb],
        0x655e_867c_55fb_02bb,
    );
    check(
        &["https://127.0.0.1:12600", "https://127.0.0.1:12610", "https://127.0.0.1:12620"],
        "tok2",
        &[0x9074_6a60_48ff_d61d, 0x8765_5219_c0de_ce2b, 0x70a4_3253_66f9_e98b],
        0xc1e6_4f2c_31a7_333f,
    );
    check(&["http://[::1]:12500"], "t6", &[0xf651_6b41_6fff_387d], 0x335d_4924_7b79_facc);
}

#[test]
fn a_members_urls_count_in_order_of_their_text() {
    let one = member_id(&["https://127.0.0.1:1", "https://127.0.0.2:1"], "tok");
    assert_eq!(one, member_id(&["https://127.0.0.2:1", "https://127.0.0.1:1"], "tok"));
    assert_ne!(one, member_id(&["https://127.0.0.1:1"], "tok"));
}

/// etcd prints ids without leading zeros.
#[test]
fn the_text_of_an_id_is_etcds() {
    assert_eq!(EtcdId(0x0a).to_string(), "a");
    assert_eq!(EtcdId::parse("eccc075932d84184"), Some(EtcdId(0xeccc_0759_32d8_4184)));
    assert_eq!(EtcdId::parse("not hexadecimal"), None);
    assert_eq!(EtcdId::parse("1ffffffffffffffff"), None);
}

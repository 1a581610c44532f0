use super::rules::{AnchorUse, Outcome, Rule};
use super::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

struct Trusting(Vec<Arc<Certificate>>);

impl Anchors for Trusting {
    fn contains(&self, key: &AnchorKey) -> bool {
        self.0.iter().any(|anchor| anchor.anchor_key() == *key)
    }

    fn by_subject(&self, subject: &[u8]) -> &[Arc<Certificate>] {
        match self.0.iter().position(|anchor| anchor.subject.normal == subject) {
            Some(index) => &self.0[index..=index],
            None => &[],
        }
    }
}

fn parameters(name: &str, ca: IsCa) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = ca;
    parameters
}

fn unlimited() -> IsCa {
    IsCa::Ca(BasicConstraints::Unconstrained)
}

fn read(der: &[u8]) -> Arc<Certificate> {
    Arc::new(Certificate::parse(der).unwrap())
}

/// A CA of this name and key: its key, and its certificate by `issuer` (itself if none).
fn authority(name: &str, key: KeyPair, ca: IsCa) -> CertifiedIssuer<'static, KeyPair> {
    CertifiedIssuer::self_signed(parameters(name, ca), key).unwrap()
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn issued(name: &str, key: &KeyPair, ca: IsCa, issuer: &Issuer<'_, KeyPair>) -> Arc<Certificate> {
    read(parameters(name, ca).signed_by(key, issuer).unwrap().der())
}

fn pool(certificates: &[&Arc<Certificate>]) -> Pool {
    let mut pool = Pool::default();
    certificates.iter().for_each(|certificate| assert!(pool.add(certificate, 0)));
    pool
}

fn build(pool: &Pool, anchors: &[&Arc<Certificate>], leaf: &Arc<Certificate>) -> (Path, Budget) {
    let anchors = Trusting(anchors.iter().map(|anchor| Arc::clone(anchor)).collect());
    let (store, crypto, budget) = (CertificateStore::new(1 << 20), Crypto::default(), Budget::new());
    let path = Builder { pool, anchors: &anchors, store: &store, crypto: &crypto, budget: &budget }
        .build(leaf, &[0]);
    (path, budget)
}

/// The path's rules, up to its last certificate as the anchor, which is held to them too.
fn processed(path: &Path) -> Outcome {
    let inputs = Inputs { anchor: AnchorUse::Certificate, ..Inputs::default() };
    path.process(path.links.len() - 1, &inputs)
}

fn names(path: &Path) -> Vec<&str> {
    path.links.iter().map(|link| link.certificate.subject.common_name().unwrap()).collect()
}

#[test]
fn a_path_leads_over_the_intermediate_to_the_anchor_and_tells_where_it_is() {
    let root = authority("root", key(), unlimited());
    let (middle_key, leaf_key) = (key(), key());
    let middle = issued("middle", &middle_key, unlimited(), &root);
    let middle_issuer = Issuer::new(parameters("middle", unlimited()), middle_key);
    let leaf = issued("leaf", &leaf_key, IsCa::NoCa, &middle_issuer);
    let root = read(root.der());

    let (path, _) = build(&pool(&[&leaf, &middle, &root]), &[&root], &leaf);
    assert_eq!(names(&path), ["leaf", "middle", "root"]);
    assert_eq!(path.anchors().collect::<Vec<_>>(), [2]);
    assert!(path.ends_self_signed && path.self_signed(2) && !path.self_signed(1));
    assert_eq!(processed(&path).violations, []);

    // The chain is listed beyond the first anchor, and an anchor need not stand in the document.
    let (path, _) = build(&pool(&[&leaf, &root]), &[&middle], &leaf);
    assert_eq!(names(&path), ["leaf", "middle", "root"]);
    assert_eq!(path.anchors().collect::<Vec<_>>(), [1]);

    // Without an anchor it goes as far as it can.
    let (path, _) = build(&pool(&[&leaf, &middle]), &[], &leaf);
    assert_eq!(names(&path), ["leaf", "middle"]);
    assert!(path.anchors().next().is_none() && !path.ends_self_signed);
}

#[test]
fn a_certificate_of_the_same_name_but_another_key_is_no_issuer() {
    let root = authority("root", key(), unlimited());
    let impostor = read(authority("root", key(), unlimited()).der());
    let leaf = issued("leaf", &key(), IsCa::NoCa, &root);
    let (path, _) = build(&pool(&[&leaf, &impostor]), &[&impostor], &leaf);
    assert_eq!(names(&path), ["leaf"]);
    assert!(path.anchors().next().is_none());
}

#[test]
fn of_two_issuers_with_one_key_the_one_that_leads_to_the_anchor_is_found() {
    let (old, new) = (authority("old root", key(), unlimited()), authority("new root", key(), unlimited()));
    let shared = key();
    let by_old = issued("middle", &shared, unlimited(), &old);
    let by_new = issued("middle", &shared, unlimited(), &new);
    let middle = Issuer::new(parameters("middle", unlimited()), shared);
    let leaf = issued("leaf", &key(), IsCa::NoCa, &middle);
    let (old, new) = (read(old.der()), read(new.der()));
    for anchor in [&old, &new] {
        let (path, _) = build(&pool(&[&leaf, &by_old, &by_new, &old, &new]), &[anchor], &leaf);
        assert_eq!(path.anchors().collect::<Vec<_>>(), [2]);
        assert_eq!(path.links[2].certificate.sha256, anchor.sha256);
    }
}

#[test]
fn authorities_that_all_certify_each_other_cost_no_more_than_the_budget() {
    const AUTHORITIES: usize = 14;
    let issuers: Vec<_> =
        (0..AUTHORITIES).map(|n| authority(&format!("ca {n}"), key(), unlimited())).collect();
    let mut certificates = Vec::new();
    for (subject, subject_issuer) in issuers.iter().enumerate() {
        for (by, issuer) in issuers.iter().enumerate() {
            if subject != by {
                certificates.push(issued(
                    &format!("ca {subject}"),
                    subject_issuer.key(),
                    unlimited(),
                    issuer,
                ));
            }
        }
    }
    let leaf = issued("leaf", &key(), IsCa::NoCa, &issuers[0]);
    certificates.push(Arc::clone(&leaf));
    let pool = pool(&certificates.iter().collect::<Vec<_>>());
    let (path, budget) = build(&pool, &[], &leaf);
    assert!(path.anchors().next().is_none());
    assert!(path.links.len() <= Budget::LENGTH);
    assert!(Budget::VERIFICATIONS - budget.verifications.get() <= Budget::VERIFICATIONS_PER_PATH);
}

#[test]
fn an_issuer_that_is_no_authority_breaks_the_rules() {
    let root = authority("root", key(), IsCa::Ca(BasicConstraints::Constrained(0)));
    let (middle_key, leaf_key) = (key(), key());
    let mut not_for_signing = parameters("middle", unlimited());
    not_for_signing.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let middle = read(not_for_signing.signed_by(&middle_key, &root).unwrap().der());
    let plain = issued("middle", &middle_key, IsCa::NoCa, &root);
    let issuer = Issuer::new(parameters("middle", unlimited()), middle_key);
    let leaf = issued("leaf", &leaf_key, IsCa::NoCa, &issuer);
    let root = read(root.der());

    let (path, _) = build(&pool(&[&leaf, &middle]), &[&root], &leaf);
    let outcome = processed(&path);
    assert!(outcome.obeys(Rule::CaKeyUsage, 1).unwrap_err().to_string().contains("keyCertSign"));
    assert_eq!(outcome.obeys(Rule::BasicConstraints, 1), Ok(()));
    assert!(outcome.obeys(Rule::PathLength, 1).unwrap_err().to_string().contains("no further issuer"));
    assert_eq!(
        path.process(2, &Inputs::default()).obeys(Rule::PathLength, 1),
        Ok(()),
        "an anchor binds nobody"
    );

    let (path, _) = build(&pool(&[&leaf, &plain]), &[&root], &leaf);
    let outcome = processed(&path);
    assert!(outcome.obeys(Rule::BasicConstraints, 1).is_err());
    assert_eq!(outcome.obeys(Rule::BasicConstraints, 0), Ok(()), "a leaf need not be one");
}

#[test]
fn a_pool_takes_no_more_than_its_capacity() {
    let root = authority("root", key(), unlimited());
    let leaf_key = key();
    let mut pool = Pool::default();
    for n in 0..Pool::CAPACITY {
        assert!(pool.add(&issued(&format!("leaf {n}"), &leaf_key, IsCa::NoCa, &root), 0));
    }
    let one_more = issued("one more", &leaf_key, IsCa::NoCa, &root);
    assert!(!pool.add(&one_more, 0));
    let known = Arc::clone(pool.iter().next().unwrap());
    assert!(pool.add(&known, 7) && pool.stands_in(&known, 7) && !pool.stands_in(&one_more, 0));
}

#[test]
fn of_two_issuers_with_one_key_the_one_that_obeys_the_rules_is_found() {
    let root = authority("root", key(), unlimited());
    let shared = key();
    let plain = issued("middle", &shared, IsCa::NoCa, &root);
    let sound = issued("middle", &shared, unlimited(), &root);
    let leaf = issued("leaf", &key(), IsCa::NoCa, &Issuer::new(parameters("middle", unlimited()), shared));
    let root = read(root.der());
    for certificates in [[&leaf, &plain, &sound], [&sound, &plain, &leaf]] {
        let (path, _) = build(&pool(&certificates), &[&root], &leaf);
        assert_eq!(path.links[1].certificate.sha256, sound.sha256);
    }
}

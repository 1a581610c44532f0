// A verdict for people: the answer in a sentence, what speaks against it, then everything else on demand.

import { el, opening, save, svg, table, terms } from './dom.js';
import { reports } from './reports.js';
import { count, country, day, duration, known, size, t, time } from './texts.js';

const QUALIFIED = /^QES/;
const ON_QUALIFIED = /^AdES.*-QC$/;

/** A sign for each verdict, so that colour is never alone. */
const SIGNS = { passed: '✓', failed: '✗', indeterminate: '?', unsigned: '–', unreadable: '!' };

export const badge = (verdict) =>
  el('span', { class: `badge ${verdict.verdict}` },
    el('span', { 'aria-hidden': 'true' }, `${/** @type {Record<string, string>} */ (SIGNS)[verdict.verdict] ?? ''} `),
    t(`verdict.${verdict.verdict}`));

export function grade(name) {
  const undecided = name.match(/^Indeterminate (.*)$/);
  const named = known(`qualification.${undecided?.[1] ?? name}`, name);
  return undecided ? t('qualification.undecided', { name: named }) : named;
}

function explained(name) {
  // What is undecided may come to mean that, or nothing.
  if (name.startsWith('Indeterminate')) return [];
  const text = QUALIFIED.test(name) ? t('explain.qualified')
    : ON_QUALIFIED.test(name) ? t('explain.certificate')
      : /^AdES/.test(name) ? t('explain.advanced') : t('explain.none');
  return [el('br'), el('small', {}, text)];
}

export function signer(seal) {
  const by = seal.sealed_by;
  return by?.common_name || by?.organisation || t('answer.nobody');
}

/** The answer on one seal. */
function sentence(seal, verdict, at) {
  const who = signer(seal);
  const why = seal.sub_indication ? known(`sub.${seal.sub_indication}`, seal.sub_indication) : seal.error ?? '';
  if (seal.indication === 'TOTAL-FAILED') return t('answer.failed', { who, why });
  if (seal.indication !== 'TOTAL-PASSED') return t('answer.indeterminate', { who, why });
  const lapsed = (verdict.credential?.checks ?? []).some((check) =>
    (check.check === 'VALIDITY' || check.check === 'REVOCATION') && check.status === 'ERROR');
  const today = new Date().toISOString().slice(0, 10) === at.slice(0, 10);
  const scope = seal.coverage?.scope;
  const service = seal.trusted_service;
  const values = {
    who,
    date: day(seal.claimed_signing_time ?? seal.best_signature_time),
    provider: service?.provider,
    country: country(service?.territory),
    state: t(scope === 'changed' ? 'answer.changed' : scope === 'changed-as-permitted' ? 'answer.permitted' : 'answer.unchanged'),
    valid: lapsed ? t('answer.lapsed') : today ? t('answer.today') : t('answer.at', { date: day(at) }),
  };
  if (!service) return t('answer.plain', values);
  const onQualified = QUALIFIED.test(seal.qualification) || ON_QUALIFIED.test(seal.qualification);
  return t(onQualified ? 'answer.qualified' : 'answer.listed', values);
}

/** The answer: a sentence for each seal that is no counter-signature. */
export function sentences(verdict, at) {
  if (verdict.verdict === 'unreadable' && !verdict.contained?.length) return [t('answer.unreadable')];
  const own = verdict.seals.filter((seal) => !seal.counter_signature);
  const said = own.map((seal) => sentence(seal, verdict, at));
  if (verdict.contained?.length) said.push(t('answer.contained', { count: count(verdict.contained.length) }));
  else if (!said.length) said.push(t('answer.unsigned'));
  return said;
}

/** What checks on the credential came to, as those on seals do. @type {Record<string, string>} */
const CAME = { OK: 'passed', ERROR: 'failed', SKIPPED: 'not-run' };

/** What a reason of the decision says in the reader's language, and in detail. */
function reason({ reason, text, outcome }, verdict) {
  const grave = outcome === 'reject';
  const warned = reason.match(/^warning-(.*)$/);
  if (warned) return { text: `${known(`finding.${warned[1]}`, warned[1])}: ${t('status.failed')}`, detail: text, grave };
  const checks = verdict.credential?.checks ?? [];
  const check = checks.find((one) =>
    `${reason}-`.startsWith(`check-${one.check.toLowerCase().replaceAll(' ', '-')}-`));
  if (check) {
    const said = known(`code.${check.code}`, t(`status.${CAME[check.status]}`));
    return { text: `${t(`check.${check.check}`)}: ${said}`, detail: check.reason, grave };
  }
  return { text: known(`reason.${reason}`, text), detail: '', grave };
}

/** Everything that speaks against a credential, the worst first. */
export function against(verdict) {
  const found = verdict.decision.explanations.map((one) => reason(one, verdict));
  const seen = new Set();
  for (const seal of verdict.seals) {
    const counts = seal.indication === 'TOTAL-PASSED' ? ['warning'] : ['failed', 'warning'];
    for (const finding of seal.findings) {
      if (!counts.includes(finding.status) || seen.has(finding.check)) continue;
      seen.add(finding.check);
      // A warning does not hold either; only the policy goes on.
      const said = `${known(`finding.${finding.check}`, finding.check)}: ${t('status.failed')}`;
      found.push({ text: said, detail: finding.detail, grave: finding.status === 'failed' });
    }
  }
  for (const check of verdict.credential?.checks ?? []) {
    const named = check.check.toLowerCase().replaceAll(' ', '-');
    const told = verdict.decision.reasons.some((one) => `${one}-`.startsWith(`check-${named}-`));
    if (check.status !== 'ERROR' || told || check.check === 'SEAL') continue;
    found.push({ text: `${t(`check.${check.check}`)}: ${t('status.failed')}`, detail: check.reason, grave: false });
  }
  return [...found.filter((one) => one.grave), ...found.filter((one) => !one.grave)];
}

function decision(verdict) {
  return el('p', { class: `decision ${verdict.decision.outcome}` },
    `${t('decision.title')}: `, el('strong', {}, t(`decision.${verdict.decision.outcome}`)), ' ',
    el('span', { class: 'hint' }, t('decision.policy', { policy: verdict.decision.policy })));
}

function objections(verdict, level) {
  const found = against(verdict);
  const title = el(`h${level}`, {}, t('against.title'));
  if (!found.length) return [title, el('p', {}, t('against.none'))];
  return [title, el('ul', { class: 'against' }, found.map((one) =>
    el('li', { class: one.grave ? 'grave' : null }, one.text, one.detail && el('small', {}, ` ${one.detail}`))))];
}

/** The way from the signer's certificate up to the trusted list. */
function chain(seal) {
  if (!seal.certificates.length) return null;
  const link = () => svg('svg', { class: 'arrow', viewBox: '0 0 16 24', 'aria-hidden': 'true' },
    svg('path', { d: 'M8 24V6M3 11l5-6 5 6', fill: 'none', stroke: 'currentColor', 'stroke-width': 2 }));
  // Who stands above an anchor says nothing.
  const anchor = seal.certificates.findIndex((one) => one.trusted);
  const path = anchor < 0 ? seal.certificates : seal.certificates.slice(0, anchor + 1);
  const certificates = path.map((one, at) => el('li', {},
    at ? link() : null,
    el('div', { class: one.trusted ? 'node anchor' : 'node' }, el('strong', {}, one.subject), el('br'),
      t('seal.valid', { from: day(one.not_before), to: day(one.not_after) }),
      one.trusted && [el('br'), t('seal.anchor')])));
  const service = seal.trusted_service;
  const end = service
    ? el('div', { class: 'node list' }, el('strong', {}, t('seal.entry', { territory: country(service.territory) })), el('br'),
      `${service.provider}: ${service.service}`, el('br'), known(`service.${service.status}`, service.status))
    : el('div', { class: 'node none' }, t('seal.unlisted'));
  return el('ol', { class: 'chain' }, certificates, el('li', {}, link(), end));
}

/** ETSI's word in the reader's. */
const judged = (word) => t(`verdict.${word.replace('TOTAL-', '').toLowerCase()}`);

/** What came of a time-stamp. */
const came = (one) => [judged(one.indication), one.sub_indication && ' ', one.sub_indication && el('code', {}, one.sub_indication)];

/** What is as listed, then what is not. */
const covered = ({ covers = [], differing = [] }) =>
  [covers.join(', '), differing.length && t('stamp.differs', { files: differing.join(', ') })].filter(Boolean).join('; ');

/** The time-stamps that belong to no seal. */
const standalone = (stamps) => table(t('stamp.title'),
  [t('seal.time'), t('seal.coverage'), t('seal.by'), t('seal.indication'), t('seal.qualification')],
  stamps.map((one) => [time(one.time), one.coverage ? t(`scope.${one.coverage.scope}`) : covered(one), one.produced_by, came(one), one.qualification]));

/** The files of a container and who sealed them, and its evidence records. */
function containerPanel({ files, evidence_records: records }, seals) {
  const by = (ids) => seals.filter((one) => ids.includes(one.id)).map(signer).join(', ') || t('verdict.unsigned');
  return [
    files.length > 0 && table(t('table.title'), [t('table.file'), t('table.size'), t('seal.signer')],
      files.map((one) => [one.name, size(one.bytes), by(one.sealed_by)])),
    records?.length > 0 && table(t('evidence.title'), [t('table.file'), t('seal.coverage')],
      records.map((one) => [one.name, covered(one)])),
  ];
}

const state = (status) => el('span', { class: `state ${status}` }, t(`status.${status}`));

function sealPanel(seal, number, level) {
  const by = seal.sealed_by ?? {};
  const indication = seal.indication ? judged(seal.indication) : seal.error;
  const sub = seal.sub_indication;
  const title = seal.counter_signature ? t('seal.counter') : t('seal.number', { number });
  const rows = terms([
    [t('seal.signer'), signer(seal)],
    [t('seal.organisation'), by.organisation],
    [t('seal.identifier'), by.organisation_identifier],
    [t('seal.country'), country(by.country)],
    [t('seal.qualification'), [grade(seal.qualification), ...explained(seal.qualification)]],
    [t('seal.indication'), sub ? [`${indication}. `, known(`sub.${sub}`, ''), ' ', el('code', {}, sub)] : indication],
    [t('seal.level'), seal.level],
    [t('seal.claimed'), time(seal.claimed_signing_time)],
    [t('seal.proven'), time(seal.best_signature_time)],
    [t('seal.coverage'), seal.coverage && t(`scope.${seal.coverage.scope}`)],
  ]);
  const stamps = seal.timestamps.map((one) => [
    t(`timestamp.${one.kind}`), time(one.time), one.produced_by, came(one), one.qualification]);
  const subject = (digest) =>
    seal.certificates.find((one) => one.sha256 === digest)?.subject ?? el('code', {}, digest.slice(0, 16));
  const revocation = seal.revocation.map((one) => [
    subject(one.certificate), one.kind.toUpperCase(), t(`seal.${one.status}`, { date: day(one.revoked_at) }), time(one.this_update)]);
  const heads = [t('seal.check'), t('seal.status'), t('seal.detail'), t('seal.clause')];
  return el('details', { class: 'seal', open: true },
    el('summary', {}, el(`h${level}`, {}, `${title}: ${signer(seal)}`)),
    rows,
    seal.certificates.length > 0 && el(`h${level + 1}`, {}, t('seal.chain')),
    chain(seal),
    stamps.length > 0 && table(t('seal.timestamps'),
      [t('seal.kind'), t('seal.time'), t('seal.by'), t('seal.indication'), t('seal.qualification')], stamps),
    revocation.length > 0 && table(t('seal.revocation'),
      [t('seal.chain'), t('seal.kind'), t('seal.status'), t('seal.updated')], revocation),
    opening(t('seal.findings'), () => table(t('seal.findings'), heads, seal.findings.map((one) => [
      known(`finding.${one.check}`, one.check), state(one.status), one.detail, one.clause])), { class: 'screen' }));
}

const labels = (concepts) => (concepts ?? []).map((one) => one.label ?? one.id).filter(Boolean).join(', ');

function achievementPanel(achievement, level) {
  const of = achievement.specified_by ?? [];
  const gather = (pick) => of.flatMap((one) => pick(one) ?? []);
  const outcomes = gather((one) => one.outcomes).map((one) => one.title).filter(Boolean);
  const credit = [...gather((one) => one.credit), ...(achievement.credit_received ?? [])];
  const proofs = achievement.proven_by ?? [];
  const bodies = (achievement.awarded_by ?? []).flatMap((one) => one.awarding_bodies);
  return el('div', { class: 'achievement' },
    el(`h${level}`, {}, `${t('credential.achievement')}: `, achievement.title ?? ''),
    terms([
      [t('credential.awarded'), bodies.map((one) => one.legal_name ?? one.id).filter(Boolean).join(', ')],
      [t('seal.level'), labels(gather((one) => [...(one.eqf_levels ?? []), ...(one.nqf_levels ?? [])]))],
      [t('credential.workload'), gather((one) => one.workload).map(duration).join(', ')],
      [t('credential.credit'), [...new Set(credit.map((one) => [one.points, labels(one.framework ? [one.framework] : [])].join(' ').trim()))].join(', ')],
      [t('credential.grade'), proofs.flatMap((one) => one.grades ?? []).join(', ')],
      [t('credential.outcomes'), outcomes.length ? el('ul', {}, outcomes.map((one) => el('li', {}, one))) : ''],
    ]),
    (achievement.parts ?? []).map((one) => achievementPanel(one, Math.min(level + 1, 6))));
}

function credentialPanel(credential, level) {
  const { issuer, learner, validity } = credential;
  const name = learner?.full_name ?? [learner?.given_name, learner?.family_name].filter(Boolean).join(' ');
  return el('details', { open: true },
    el('summary', {}, el(`h${level}`, {}, t('credential.title'))),
    terms([
      [t('credential.name'), credential.title],
      [t('credential.learner'), name],
      [t('credential.birth'), day(learner?.birth_date)],
      [t('credential.issuer'), issuer?.legal_name ?? issuer?.id],
      [t('credential.profile'), credential.profile],
      [t('credential.issued'), day(validity?.issued ?? validity?.issuance_date)],
      [t('credential.from'), day(validity?.valid_from)],
      [t('credential.until'), day(validity?.valid_until ?? validity?.expiration_date)],
    ]),
    credential.achievements.map((one) => achievementPanel(one, level + 1)));
}

function annexPanel(title, annex, level, kind) {
  const rows = annex.elements.map((one) => [
    known(`element.${one.element}`, one.element),
    one.present ? one.value ?? t('annex.hidden') : el('span', { class: one.mandatory ? 'state failed' : 'hint' }, t('annex.absent')),
    t(one.mandatory ? 'annex.mandatory' : 'annex.optional')]);
  return opening(el(`h${level}`, {}, title), () => [
    el('p', {}, t(annex.complete ? 'annex.complete' : 'annex.incomplete')),
    table(title, [t('annex.element'), t('annex.value'), t('seal.kind')], rows),
  ], { class: kind });
}

function checksPanel(checks, level) {
  const rows = checks.map((check) => [
    t(`check.${check.check}`),
    state(CAME[check.status]),
    [check.reason, check.details?.length && el('ul', { class: 'points' }, check.details.map((one) => el('li', {},
      `${one.item}: ${t(`point.${one.outcome}`)}`,
      one.stated && ` · ${t('point.stated')}: ${one.stated}`, one.found && ` · ${t('point.found')}: ${one.found}`)))]]);
  return opening(el(`h${level}`, {}, t('check.title')), () =>
    table(t('check.title'), [t('seal.check'), t('seal.status'), t('seal.detail')], rows));
}

/** What a document and a credential in it have in common. */
function parts(verdict, at, level) {
  const said = el('div', { class: `said ${verdict.verdict}` },
    badge(verdict), sentences(verdict, at).map((one) => el('p', {}, one)),
    verdict.error && el('p', { class: 'hint' }, verdict.error), decision(verdict));
  const credential = verdict.credential;
  let number = 0;
  return [
    said,
    ...objections(verdict, level),
    ...verdict.seals.map((seal) => sealPanel(seal, seal.counter_signature ? number : (number += 1), level)),
    verdict.timestamps && standalone(verdict.timestamps),
    ...(verdict.container ? containerPanel(verdict.container, verdict.seals) : []),
    ...(credential ? [
      credentialPanel(credential, level),
      ...(credential.annex_i ? [annexPanel(t('annex.i'), credential.annex_i, level, 'print')] : []),
      ...(credential.eqf_annex_vi ? [annexPanel(t('annex.vi'), credential.eqf_annex_vi, level, 'screen')] : []),
      checksPanel(credential.checks, level),
    ] : []),
    ...(verdict.contained ?? []).map((one) => el('section', { class: 'contained' },
      el(`h${level}`, {}, t('credential.contained', { place: one.place })), parts(one, at, Math.min(level + 1, 5)))),
  ];
}

/**
 * The whole answer on a file.
 * @param {import('./files.js').Item} item
 * @param {() => void} needsKey asks for the key that the gateway demands
 */
export function answer(item, needsKey) {
  const { name, verdict, text } = item;
  const [buttons, status] = reports(item, needsKey);
  const at = verdict.validation_time;
  const { trust } = verdict;
  const lists = [
    t('foot.lists', { count: count(trust.lists) }),
    trust.missing.length && t('foot.missing', { territories: trust.missing.join(', ') }),
    trust.expired.length && t('foot.expired', { territories: trust.expired.join(', ') }),
  ].filter(Boolean).join('; ');
  return el('article', {},
    el('h2', { tabindex: -1, id: 'answer-title' }, name),
    parts(verdict, at, 3),
    el('footer', {}, terms([
      [t('foot.checked'), time(at)],
      [t('foot.policy'), verdict.policy],
      [t('foot.snapshot'), [el('code', {}, trust.snapshot), el('br'), lists]],
    ])),
    el('p', { class: 'actions screen' },
      el('button', { onclick: () => print() }, t('page.print')),
      buttons,
      el('button', { class: 'quiet', onclick: () => save(`${name}.verdict.json`, 'application/json', text) }, t('raw.save'))),
    status,
    opening(t('raw.title'), () =>
      el('pre', { tabindex: 0, role: 'region', 'aria-label': t('raw.title') }, JSON.stringify(verdict, null, 2)), { class: 'screen' }));
}

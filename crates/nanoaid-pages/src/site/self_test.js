// Self-test pages: one question at a time, answers kept with their times, the score with Wilson's
// interval of 95 %.
'use strict';

(() => {
  const test = document.querySelector('.test'), questions = [...test.querySelectorAll('.question')];
  const score = document.querySelector('.score'), progress = test.querySelector('.progress');
  let answers = [], since = 0;

  /** Wilson's interval of `right` out of `n` at 95 %. */
  function wilson(right, n) {
    const z = 1.959964, p = right / n, z2 = z * z / n;
    const middle = (p + z2 / 2) / (1 + z2), half = z / (1 + z2) * Math.sqrt(p * (1 - p) / n + z2 / (4 * n));
    return [Math.max(0, middle - half), Math.min(1, middle + half)];
  }

  function ask() {
    questions.forEach((question, nth) => { question.hidden = nth !== answers.length; });
    progress.textContent = `Question ${answers.length + 1} of ${questions.length}`;
    since = performance.now();
  }

  function answer(choice) {
    const question = questions[answers.length], { dataset } = question;
    const queries = [...question.querySelectorAll('.query')];
    answers.push({
      question: answers.length + 1, unit: dataset.unit, chosen: choice + 1, truth: +dataset.answer + 1, right: choice === +dataset.answer,
      seconds: +((performance.now() - since) / 1000).toFixed(2), machine_score: dataset.machine === undefined ? null : +dataset.machine,
      patches: queries.map(query => ({ micrograph: query.dataset.m, field: query.dataset.f })), href: dataset.href,
    });
    if (answers.length < questions.length) {
      ask();
      questions[answers.length].querySelector('.query').focus({ preventScroll: true });
    } else {
      finish();
    }
  }

  function finish() {
    const right = answers.filter(one => one.right).length, n = answers.length, [low, high] = wilson(right, n);
    const percent = share => `${Math.round(100 * share)} %`;
    test.hidden = true;
    score.hidden = false;
    const machine = test.dataset.machine === undefined ? '' : ` The machine score of these units is ${percent(+test.dataset.machine)} on average.`;
    score.querySelector('.result').textContent =
      `${right} of ${n} right: ${percent(right / n)}, 95 % interval ${percent(low)} to ${percent(high)}. `
      + (low > 0.5 ? 'That is more than guessing.' : 'Guessing would explain that.') + machine;
    score.querySelector('tbody').replaceChildren(...answers.map(one => {
      const cell = (...inside) => NanoAID.element('td', {}, ...inside);
      const numeric = text => NanoAID.element('td', { class: 'number' }, text);
      return NanoAID.element('tr', {}, cell(String(one.question)), cell(NanoAID.element('a', { href: one.href }, one.unit)),
        cell(one.right ? 'yes' : 'no'), numeric(one.seconds.toFixed(1)), numeric(one.machine_score === null ? '–' : one.machine_score.toFixed(2)));
    }));
    score.querySelector('button').focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  function result() {
    const right = answers.filter(one => one.right).length, [low, high] = wilson(right, answers.length);
    return {
      network: test.dataset.network, seed: +test.dataset.seed, n_questions: answers.length, n_right: right,
      interval_95: [low, high], chance: 0.5, answers: answers.map(({ href, ...one }) => one),
    };
  }

  const SAVED = {
    json: () => NanoAID.save('self-test.json', 'application/json', JSON.stringify(result(), null, 2) + '\n'),
    csv: () => NanoAID.save('self-test.csv', 'text/csv', NanoAID.csvOf([
      ['question', 'unit', 'chosen', 'truth', 'right', 'seconds', 'machine_score', 'micrograph_1', 'micrograph_2'],
      ...answers.map(one => [one.question, one.unit, one.chosen, one.truth, one.right ? 1 : 0, one.seconds, one.machine_score ?? '', one.patches[0].micrograph, one.patches[1].micrograph]),
    ])),
    again: () => { answers = []; score.hidden = true; test.hidden = false; ask(); },
  };

  test.addEventListener('click', event => {
    const query = event.target.closest('.query');
    if (query) answer(+query.dataset.choice);
  });
  document.addEventListener('keydown', event => {
    if (!test.hidden && (event.key === '1' || event.key === '2') && !event.ctrlKey && !event.altKey && !event.metaKey) answer(+event.key - 1);
  });
  score.addEventListener('click', event => SAVED[event.target.dataset.answers]?.());
  ask();
})();

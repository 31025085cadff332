/** `npm run test:cluster` makes three fresh installs, each with an apply at once; `npm run soak:install` makes a hundred. */
import { after, test } from 'node:test';
import { clean } from './cluster.ts';
import { freshInstall } from './fresh-install.ts';

after(clean);

test('what is applied when helm install --wait returns is taken at the first attempt', () => freshInstall('wait'));
test('the same by Helm 3', () => freshInstall('helm-3'));
test('applied while Pods start, an invalid object is never taken, and a valid one as soon as the webhook answers', () =>
  freshInstall('at-once'));

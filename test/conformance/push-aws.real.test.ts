/** The push contract on moto. Its proxy denies on request; it checks no signatures and no policies (D80). */
import { systemClock } from '../../src/clock.ts';
import { MotoBackend } from '../real-parts/aws-backend.ts';
import { readDescription } from '../real-parts/description.ts';
import { awsPushConformance } from './push-aws.ts';

awsPushConformance(' on moto', async () => {
  const aws = new MotoBackend(readDescription().moto);
  await aws.start();
  return { aws, clock: systemClock, stop: () => aws.stop() };
});

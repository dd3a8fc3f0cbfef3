import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Machines in namespaces are only for root; without it their tests are left out, and global-setup.ts says so.
const isRoot = process.getuid?.() === 0;

/** Without a cache the largest files come first, and the contracts of the steps, which take longest, are small: they would run on alone. */
class ContractsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isContract = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/test/contracts/');
    return [...sorted.filter(isContract), ...sorted.filter((file) => !isContract(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(isRoot ? [] : ['test/**/*.root.test.ts'])],
    globalSetup: ['test/kit/global-setup.ts'],
    // Tests start real processes and wait more than they work, so four at a time is what two cores carry.
    pool: 'forks',
    maxWorkers: 4,
    sequence: { sequencer: ContractsFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    slowTestThreshold: 5_000,
  },
});

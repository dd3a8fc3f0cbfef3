import { configDefaults, defineConfig } from 'vitest/config';

// Machines in namespaces are only for root; without it their tests are left out, and global-setup.ts says so.
const isRoot = process.getuid?.() === 0;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(isRoot ? [] : ['test/**/*.root.test.ts'])],
    globalSetup: ['test/kit/global-setup.ts'],
    // Tests start real processes and wait more than they work, so four at a time is what two cores carry.
    pool: 'forks',
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    slowTestThreshold: 5_000,
  },
});

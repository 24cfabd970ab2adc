#pragma once

/// How often this thread has asked for memory. The program that links this counts through `malloc` of its own.
unsigned long allocations_of_this_thread(void);

#ifndef PD
#define PD
#endif

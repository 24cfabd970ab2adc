#include "phone_data.h"

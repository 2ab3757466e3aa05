#pragma once

#include "catalog/frame.h"

namespace telltale {

// Days of random driving, standing, gaps, resets and nonsense of vehicle 1, at random rates; dense in what is hard.
FrameBatch RandomFrames(unsigned seed, int stretches = 120);

}  // namespace telltale

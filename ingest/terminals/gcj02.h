#pragma once

namespace telltale {

// A place in degrees, north and east positive.
struct Place {
  double latitude_deg = 0;
  double longitude_deg = 0;
};

// China's maps, and terminals that were made for them, shift places by 50 to 700 m (GCJ-02); inside, places are WGS-84.
// Outside of China (0.8293 to 55.8271 degrees north, 72.004 to 137.8347 east) nothing is shifted.
Place Gcj02OfWgs84(const Place& wgs84);

// The place that Gcj02OfWgs84 takes there, to 1e-8 degrees, a millimetre.
Place Wgs84OfGcj02(const Place& gcj02);

}  // namespace telltale

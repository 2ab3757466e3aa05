#include "bench/truck_simulator/vehicle.h"

#include <gtest/gtest.h>

namespace telltale::truck {
namespace {

TEST(Vehicle, HasTheResistancesOfItsParameters) {
  const Vehicle vehicle = AverageTractorTrailer();
  EXPECT_NEAR(RollingForceN(vehicle), 1'780.5, 0.1);  // 33000 kg x 9.81 x 0.0055
  // 0.5 x 1.188 x 5.95 x (85 / 3.6)^2
  EXPECT_NEAR(DragForceN(vehicle, AirDensityKgm3(20.0), 85.0 / 3.6), 1'970.3, 0.1);
  EXPECT_LT(DragForceN(vehicle, 1.188, -3.0), 0.0);
}

TEST(Vehicle, RollsHarderOnSoftTyres) {
  Vehicle vehicle = AverageTractorTrailer();
  const double right_n = RollingForceN(vehicle);
  vehicle.tyre_pressure_ratio = 0.8;
  EXPECT_NEAR(RollingForceN(vehicle) / right_n, 1.0934, 1e-4);  // 0.8^-0.4
}

TEST(Vehicle, TakesTorqueFromTheFullLoadCurve) {
  const Engine engine = AverageTractorTrailer().engine;
  EXPECT_DOUBLE_EQ(MaxTorqueNm(engine, 400), 900);
  EXPECT_DOUBLE_EQ(MaxTorqueNm(engine, 900), 1'950);  // halfway from 1700 at 800 to 2200 at 1000
  EXPECT_DOUBLE_EQ(MaxTorqueNm(engine, 1'200), 2'200);
  EXPECT_DOUBLE_EQ(MaxTorqueNm(engine, 2'500), 0);
}

TEST(Vehicle, TurnsItsEngineAgainstFriction) {
  const Engine engine = AverageTractorTrailer().engine;
  // 600/min: pistons at 3.16 m/s; (75 + 28.8 + 0.4 x 9.986) kPa x 12.8 l / 4 pi
  EXPECT_NEAR(FrictionTorqueNm(engine, 600), 109.8, 0.1);
  for (double rpm = 600; rpm < 2'100; rpm += 50) {
    EXPECT_LT(FrictionTorqueNm(engine, rpm), FrictionTorqueNm(engine, rpm + 50));
  }
}

TEST(Vehicle, HasAnEngineAsEfficientAsEngines) {
  const Engine engine = AverageTractorTrailer().engine;
  const double torque = MaxTorqueNm(engine, 1'200);
  const double efficiency = engine.indicated_efficiency * torque / (torque + FrictionTorqueNm(engine, 1'200));
  EXPECT_GT(efficiency, 0.41);
  EXPECT_LT(efficiency, 0.45);
}

}  // namespace
}  // namespace telltale::truck

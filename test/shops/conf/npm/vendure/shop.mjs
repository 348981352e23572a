// A Vendure as its documentation makes one: sessions in cookies and, for
// scripts, in a header.
import vendure from '@vendure/core';

const { bootstrap, DefaultLogger, LogLevel, dummyPaymentHandler } = vendure;
await bootstrap({
	apiOptions: { port: +process.env.PORT, hostname: '127.0.0.1', adminApiPath: 'admin-api', shopApiPath: 'shop-api', trustProxy: true },
	authOptions: {
		tokenMethod: ['cookie', 'bearer'],
		superadminCredentials: { identifier: 'superadmin', password: process.env.SHOPS_PASSWORD },
		cookieOptions: { secret: process.env.SHOPS_SECRET },
		requireVerification: false,
	},
	dbConnectionOptions: {
		type: 'postgres', synchronize: true, database: 'vendure',
		host: '127.0.0.1', port: +process.env.SHOPS_PG_PORT, username: 'postgres', password: 'none',
	},
	paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
	logger: new DefaultLogger({ level: LogLevel.Error }),
});

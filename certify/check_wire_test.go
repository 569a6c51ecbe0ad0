package certify

// wireFaults are planted by TestEachFaultFailsItsCheck in what is about connections,
// and what is said again over them.
var wireFaults = []planted{
	{"C02", "another user is let in", "2g 5|n=0|58=not let in", "2g A|98=0|108=30"},
	{"C02", "a second connection is let in", "2c A|98=0|108=30\n", "2c A|98=0|108=30\n2g A|98=0|108=30\n"},
	{"C02", "a stranger is let in", "2c A|49=NOBODY|98=0|108=30\n", "2c A|49=NOBODY|98=0|108=30\n2g A|56=NOBODY|98=0|108=30\n"},
	{"C02", "another version is let in", "2c A|8=FIX.4.3|98=0|108=30\n", "2c A|8=FIX.4.3|98=0|108=30\n2g A|8=FIX.4.3|98=0|108=30\n"},
	{"C05", "what was asked for does not come", "g 4|n=mark|43=Y|122=now|123=Y|36=mark+1", "6000"},
	{"C05", "a report as if it were new", "g 4|n=mark|", "g 8|37=X9|11=O9|17=E20|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0\ng 4|n=mark|"},
	{"C07", "a report again without a mark", "g 8|97=Y|37=X9|", "g 8|37=X9|"},
	{"C07", "a report twice after a reset", "g 8|97=Y|37=X9|", "g 8|97=Y|37=X9|11=O9|17=E20|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0\ng 8|97=Y|37=X9|"},
	{"C08", "an order that should have ended works on", "c D|11=O8|", "g 8|37=X7|11=O7|17=0|150=I|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0\nc D|11=O8|"},
	{"C08", "an order that should work on has ended", "c AF|584=MS2|585=7\ng 8|37=X8|11=O8|17=0|150=I|39=0|584=MS2|911=1|912=Y|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0\nc F|11=F8|41=O8|55=BTC-PERP|54=1|60=now|38=1\ng 8|37=X8|11=F8|41=O8|",
		"g 8|58=CANCEL_ON_DISCONNECT|37=X8|11=O8|"},
	{"C09", "another reason than the fault", "371=112|372=1|373=1\n", "371=112|372=1|373=13\n"},
	{"C09", "another tag", "371=4999|372=0|373=0", "371=4998|372=0|373=0"},
	{"C09", "another type", "g 3|45=last|371=108|372=0", "g 3|45=last|371=108|372=1"},
	{"C09", "a Reject is answered by a Reject", "c D|11=O4|1=ACME", "c 3|45=rejected|58=you too\nc D|11=O4|1=ACME"},
	{"C12", "still there at the announced time", "500\nc 5|\ng 5|\n5000\n", "3500\ng 5|\nc 5|\n5000\n"},
	{"C37", "a copy without a mark", "3g 8|56=DC|797=Y|37=X1|11=O1|17=E2|", "3g 8|56=DC|37=X1|11=O1|17=E2|"},
	{"C37", "a copy is left out", "3g 8|56=DC|797=Y|37=X1|11=O1|17=E2|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0\n", ""},
	{"C37", "a copy of what was not reported", "3g 8|56=DC|797=Y|37=X1|11=O1|17=E2|", "3g 8|56=DC|797=Y|37=X1|11=O1|17=EE|"},
	{"C38", "a price comes again", "g 4|n=gap+1|", "g W|n=gap+1|43=Y|122=now|262=M9|55=BTC-PERP|268=0\ng 4|n=gap+1|"},
	{"C38", "a quote that has run out", "131=R2|117=QR2|55=BTC-PERP|133=101|62=+1000", "131=R2|117=QR2|55=BTC-PERP|133=101|62=20260701-09:00:00"},
}

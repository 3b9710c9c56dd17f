select distinct provider, stream, inventory, listing, tells_use
from ({{ of_providers('rows') }}) as declared
